// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests the GPIO core against a list of what its pins did: random watches,
// changes, bursts and stalls.  The levels and the cycle of every record must
// be on the list, in order, and each record counts the changes that were lost
// before it.
//
//   vvp test-gpio.vvp [+seed=N]

module test_gpio;
	localparam CHANGES = 4000, ROUNDS = 12;

	integer seed = 1;

	reg clk = 0, rst = 1;
	always #1 clk = !clk;

	reg [4:0] reg_addr = 0;
	reg reg_write = 0;
	reg [7:0] reg_data = 0;
	wire [31:0] reg_q;
	wire out_ready, in_valid, alert;
	wire [7:0] in_data;
	reg in_ready = 0;
	wire [15:0] pin_o, pin_oe;
	reg [15:0] pin_i = 0;

	core_gpio core (
		.clk(clk), .rst(rst), .reg_addr(reg_addr),
		.reg_write(reg_write), .reg_data(reg_data), .reg_q(reg_q),
		.out_data(8'h00), .out_valid(1'b1), .out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
		.alert(alert), .pin_o(pin_o), .pin_oe(pin_oe), .pin_i(pin_i)
	);

	function integer below(input integer limit);
		below = $unsigned($random(seed)) % limit;
	endfunction

	task check(input [8 * 32 - 1:0] what, input [31:0] seen,
		   input [31:0] wanted);
		if (seen !== wanted) begin
			$display("%0d: %0s is %0h and not %0h", $time, what,
				seen, wanted);
			$finish_and_return(1);
		end
	endtask

	task write(input [4:0] addr, input [15:0] data);
		begin
			@(negedge clk);
			reg_addr = addr;
			reg_data = data[7:0];
			reg_write = 1;
			@(negedge clk);
			reg_addr = addr + 1;
			reg_data = data[15:8];
			@(negedge clk) reg_write = 0;
		end
	endtask

	task read(input [4:0] addr, output [31:0] word);
		begin
			@(negedge clk) reg_addr = addr;
			@(negedge clk) word = reg_q;
		end
	endtask

	// The clock, counted by the bench.
	reg [31:0] now = 0;
	always @(posedge clk)
		now <= rst ? 0 : now + 1;

	reg [15:0] watch;
	reg [47:0] list [0:CHANGES]; // Cycle, levels.
	integer listed, found, lost, records, burst, rate, slowness;
	reg stop;

	// Pins change at the falling edge; the core sees the change at the
	// next rising edge.
	task change_pins;
		reg [15:0] next;
		begin
			burst = 0;
			while (listed < CHANGES) begin
				@(negedge clk);
				if (burst == 0 && below(500) == 0)
					burst = 1 + below(400);
				if (burst > 0 || below(rate) == 0) begin
					next = $random(seed);
					if (((next ^ pin_i) & watch) != 0) begin
						list[listed] = {now, next};
						listed = listed + 1;
					end
					pin_i = next;
					if (burst > 0)
						burst = burst - 1;
				end
			end
		end
	endtask

	reg [63:0] record;
	integer index, idle;

	// A record after a loss may stand for no change: it then has the
	// levels of the last change.
	task take_record;
		begin
			lost = lost + record[63:48];
			found = found + record[63:48];
			records = records + 1;
			if (found < listed && list[found] === {record[31:0],
				record[47:32]})
				found = found + 1;
			else begin
				check("lost before it", record[63:48] != 0, 1);
				check("levels", record[47:32] & watch,
					list[found - 1][15:0] & watch);
			end
		end
	endtask

	task take_stream;
		begin
			index = 0;
			idle = 0;
			while (!stop || idle < 100) begin
				@(negedge clk);
				in_ready = below(slowness) == 0;
				idle = in_valid ? 0 : idle + 1;
				if (in_valid && in_ready) begin
					record[8 * index +: 8] = in_data;
					index = (index + 1) % 8;
					if (index == 0)
						take_record;
				end
			end
		end
	endtask

	reg [31:0] word;

	task round;
		begin
			@(negedge clk) rst = 1;
			repeat (3) @(negedge clk);
			rst = 0;
			watch = $random(seed) | 1;
			rate = 1 + below(30);
			slowness = 1 + below(4);
			found = 0;
			lost = 0;
			records = 0;
			stop = 0;
			write(6, watch);
			list[0] = {now, pin_i};
			listed = 1;
			fork
				begin
					change_pins;
					stop = 1;
				end
				take_stream;
			join
			check("records and lost ones", found, listed);
			check("part of a record", index, 0);
			read(8, word);
			check("lost", word, lost);
			read(4, word);
			check("watch and levels", word, {watch, pin_i});
			write(6, 0);
		end
	endtask

	task a_change_of_the_highest_bit_of_the_clock_is_reported(
		input [31:0] before);
		begin
			in_ready = 0;
			@(negedge clk) rst = 1;
			@(negedge clk) rst = 0;
			@(negedge clk) core.cycle = before;
			write(6, 1);
			in_ready = 1;
			repeat (100) @(negedge clk) if (in_valid) begin
				record = {in_data, record[63:8]};
				idle = 0;
			end
			check("cycle", record[31:0], before + 20);
			check("levels", record[47:32], pin_i);
			write(6, 0);
		end
	endtask

	task counts_stay_at_the_highest;
		begin
			in_ready = 0;
			write(6, 1);
			repeat (300) @(negedge clk) pin_i[0] = !pin_i[0];
			core.lost = 16'hfffd;
			core.missing = 16'hfffd;
			repeat (9) @(negedge clk) pin_i[0] = !pin_i[0];
			read(8, word);
			check("lost", word, 16'hffff);
			in_ready = 1;
			repeat (8 * 257) @(negedge clk) if (in_valid)
				record = {in_data, record[63:8]};
			check("missing", record[63:48], 16'hffff);
			check("the last levels", record[47:32], pin_i);
			write(6, 0);
		end
	endtask

	task pins_change_as_a_whole;
		begin
			write(0, 16'h1234);
			check("outputs", pin_o, 16'h1234);
			write(2, 16'hf00f);
			check("enables", pin_oe, 16'hf00f);
			@(negedge clk);
			reg_addr = 0;
			reg_data = 8'hff;
			reg_write = 1;
			@(negedge clk);
			check("outputs", pin_o, 16'h1234);
			reg_write = 0;
			read(0, word);
			check("enables and outputs", word, 32'hf00f1234);
		end
	endtask

	initial begin
		if ($value$plusargs("seed=%d", seed)) ;
		repeat (5) @(negedge clk);
		repeat (ROUNDS) round;
		a_change_of_the_highest_bit_of_the_clock_is_reported(32'h80000000 - 20);
		a_change_of_the_highest_bit_of_the_clock_is_reported(32'h00000000 - 20);
		counts_stay_at_the_highest;
		pins_change_as_a_whole;
		check("takes of a stream", out_ready, 0);
		check("alert", alert, 0);
		$display("all as it should be");
		$finish;
	end

	initial begin
		#10_000_000 $display("it hangs");
		$finish_and_return(1);
	end
endmodule
