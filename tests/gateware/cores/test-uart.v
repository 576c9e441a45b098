// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests the UART core against a sender and a receiver that know only bits and
// times: random formats, baud rates, baud errors, gaps and stalls, in both
// directions at once.
//
//   vvp test-uart.vvp [+seed=N]

module test_uart;
	localparam CYCLE = 256; // Of simulated time: a bit lasts BIT_TIME.
	localparam BYTES = 40, ROUNDS = 50;

	integer seed = 1;
	integer data_bits, parity, stop_bits, bit_time, error;

	reg clk = 0, rst = 1;
	always #(CYCLE / 2) clk = !clk;

	reg [4:0] reg_addr = 0;
	reg reg_write = 0;
	reg [7:0] reg_data = 0;
	wire [31:0] reg_q;
	reg [7:0] out_data = 0;
	reg out_valid = 0;
	wire out_ready;
	wire [7:0] in_data;
	wire in_valid;
	reg in_ready = 0;
	wire tx, tx_enable, alert;
	reg rx = 1;

	core_uart core (
		.clk(clk), .rst(rst), .reg_addr(reg_addr),
		.reg_write(reg_write), .reg_data(reg_data), .reg_q(reg_q),
		.out_data(out_data), .out_valid(out_valid),
		.out_ready(out_ready), .in_data(in_data), .in_valid(in_valid),
		.in_ready(in_ready), .alert(alert), .pin_o(tx),
		.pin_oe(tx_enable), .pin_i(rx)
	);

	function integer below(input integer limit);
		below = $unsigned($random(seed)) % limit;
	endfunction

	task check(input [8 * 32 - 1:0] what, input [31:0] seen,
		   input [31:0] wanted);
		if (seen !== wanted) begin
			$display("%0d: %0s is %0h and not %0h", $time, what,
				seen, wanted);
			$display("%0d bits, parity %0d, %0d stop, ",
				data_bits, parity, stop_bits,
				"bit time %0d, error %0d", bit_time, error);
			$finish_and_return(1);
		end
	endtask

	task write(input [4:0] addr, input [7:0] data);
		begin
			@(negedge clk);
			reg_addr = addr;
			reg_data = data;
			reg_write = 1;
			@(negedge clk) reg_write = 0;
		end
	endtask

	task read(input [4:0] addr, output [31:0] word);
		begin
			@(negedge clk) reg_addr = addr;
			@(negedge clk) word = reg_q;
		end
	endtask

	function integer parity_of(input [7:0] data);
		case (parity)
		1: parity_of = 0;
		2: parity_of = 1;
		3: parity_of = !(^data);
		default: parity_of = ^data;
		endcase
	endfunction

	task configure;
		begin
			data_bits = 5 + below(4);
			parity = below(5);
			stop_bits = 1 + below(2);
			case (below(4))
			0: bit_time = 4 * 256;
			1: bit_time = 4 * 256 + below(1024);
			2: bit_time = 16 * 256 + below(4096);
			3: bit_time = 50 * 256 + below(8192);
			endcase
			// In 1/1000 of a bit; see applets/uart/uart.md.
			error = bit_time < 1100 ? -20 + below(60) :
				bit_time < 4096 ? -30 + below(60) :
				-40 + below(80);
			write(4, bit_time[7:0]);
			write(5, bit_time[15:8]);
			write(6, bit_time[23:16]);
			write(7, 0);
			write(0, 8'hc0 | parity << 3 | (stop_bits - 1) << 2 |
				(data_bits - 5));
		end
	endtask

	reg [7:0] to_send [0:BYTES - 1], to_come [0:BYTES - 1];
	integer offered, seen, sent, taken;

	task fill;
		integer i;
		for (i = 0; i < BYTES; i = i + 1) begin
			to_send[i] = below(1 << data_bits);
			to_come[i] = below(1 << data_bits);
		end
	endtask

	// The host's end of both streams.
	task give_bytes;
		for (offered = 0; offered < BYTES; offered = offered + 1) begin
			while (below(4) == 0)
				#(below(3 * bit_time));
			@(negedge clk);
			out_data = to_send[offered];
			out_valid = 1;
			@(posedge clk);
			while (!out_ready) @(posedge clk);
			@(negedge clk) out_valid = 0;
		end
	endtask

	// A byte is taken before the next one has come.
	task take_bytes;
		for (taken = 0; taken < BYTES; taken = taken + 1) begin
			while (!in_valid) @(negedge clk);
			repeat (below(6 * bit_time / CYCLE)) @(negedge clk);
			check("byte that came", in_data, to_come[taken]);
			in_ready = 1;
			@(negedge clk) in_ready = 0;
		end
	endtask

	// The other end of both lines.  An edge of TX is at most a cycle
	// early, by the fraction that the byte before left.
	task expect_level(input integer start, input integer bits,
			  input level);
		begin
			#(start + bits * bit_time + CYCLE + 8 - $time);
			check("level at a bit's start", tx, level);
			#(bit_time - 2 * CYCLE - 8);
			check("level at a bit's end", tx, level);
		end
	endtask

	task watch_tx;
		integer start, i, n;
		for (seen = 0; seen < BYTES; seen = seen + 1) begin
			wait (!tx);
			start = $time;
			expect_level(start, 0, 0);
			for (i = 0; i < data_bits; i = i + 1)
				expect_level(start, 1 + i, to_send[seen][i]);
			n = 1 + data_bits;
			if (parity != 0) begin
				expect_level(start, n,
					parity_of(to_send[seen]));
				n = n + 1;
			end
			for (i = 0; i < stop_bits; i = i + 1)
				expect_level(start, n + i, 1);
		end
	endtask

	task bit_of_rx(input level);
		begin
			rx = level;
			#(bit_time + bit_time * error / 1000);
		end
	endtask

	task send(input [7:0] data, input wrong_parity, input stop);
		integer i;
		begin
			bit_of_rx(0);
			for (i = 0; i < data_bits; i = i + 1)
				bit_of_rx(data[i]);
			if (parity != 0)
				bit_of_rx(parity_of(data) ^ wrong_parity);
			bit_of_rx(stop);
		end
	endtask

	task drive_rx;
		for (sent = 0; sent < BYTES; sent = sent + 1) begin
			if (below(4) == 0)
				#(below(5 * bit_time));
			send(to_come[sent], 0, 1);
			while (below(8) == 0)
				bit_of_rx(1);
		end
	endtask

	reg [31:0] word;

	task round;
		begin
			configure;
			fill;
			#(3 * bit_time);
			write(1, 3);
			in_ready = 0;
			fork
				give_bytes;
				take_bytes;
				watch_tx;
				drive_rx;
			join
			read(8, word);
			check("errors", word, 0);
			read(12, word);
			check("received", word, BYTES);
			read(16, word);
			check("lost", word, 0);
		end
	endtask

	task errors_are_counted_up_to_the_highest;
		begin
			configure;
			error = 0;
			in_ready = 1;
			#(20 * bit_time) write(1, 3);
			send(8'h1a, parity != 0, 0);
			bit_of_rx(1);
			bit_of_rx(1);
			read(8, word);
			check("errors", word, {15'b0, parity != 0, 16'd1});
			core.registers.framing = 16'hfffe;
			core.registers.parity = 16'hfffe;
			repeat (3) begin
				send(8'h1a, parity != 0, 0);
				bit_of_rx(1);
				bit_of_rx(1);
			end
			read(8, word);
			check("errors", word, {parity != 0 ? 16'hffff :
				16'hfffe, 16'hffff});
		end
	endtask

	task what_is_lost_is_counted_up_to_the_highest;
		begin
			configure;
			error = 0;
			in_ready = 0;
			#(20 * bit_time) write(1, 3);
			send(1, 0, 1);
			send(2, 0, 1);
			send(3, 0, 1);
			#(2 * bit_time);
			read(16, word);
			check("lost", word, 2);
			read(20, word);
			check("first lost", word, 1);
			read(0, word);
			check("something was lost", word[18], 1);
			core.registers.lost = 32'hffffffff;
			send(4, 0, 1);
			#(2 * bit_time);
			read(16, word);
			check("lost", word, 32'hffffffff);
			read(20, word);
			check("first lost", word, 1);
			@(negedge clk);
			check("byte kept", in_data, 1);
			in_ready = 1;
			@(negedge clk);
		end
	endtask

	task a_break_is_one_byte;
		begin
			configure;
			error = 0;
			in_ready = 1;
			#(20 * bit_time) write(1, 3);
			repeat (100) bit_of_rx(0);
			read(12, word);
			check("received", word, 1);
			read(8, word);
			check("framing errors", word[15:0], 1);
			repeat (3) bit_of_rx(1);
			send(8'h1f, 0, 1);
			#(2 * bit_time);
			read(12, word);
			check("received", word, 2);
		end
	endtask

	task the_shortest_pulse_is_measured;
		begin
			write(1, 2);
			read(24, word);
			check("no pulse", word, 32'hffffffff);
			@(negedge clk) rx = 0;
			repeat (70) @(negedge clk);
			rx = 1;
			repeat (33) @(negedge clk);
			rx = 0;
			repeat (50) @(negedge clk);
			rx = 1;
			repeat (3) @(negedge clk);
			read(24, word);
			check("shortest pulse", word, 33);
		end
	endtask

	initial begin
		if ($value$plusargs("seed=%d", seed)) ;
		repeat (20) @(negedge clk);
		rst = 0;
		check("enable of TX", tx_enable, 1);
		repeat (ROUNDS) round;
		repeat (10) begin
			errors_are_counted_up_to_the_highest;
			what_is_lost_is_counted_up_to_the_highest;
			a_break_is_one_byte;
			the_shortest_pulse_is_measured;
		end
		check("alert", alert, 0);
		$display("all as it should be");
		$finish;
	end

	initial begin
		#(1_000_000_000) $display("it hangs");
		$finish_and_return(1);
	end
endmodule
