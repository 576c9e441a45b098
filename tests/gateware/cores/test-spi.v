// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests the SPI core against a chip that knows only edges and times: random
// modes, rates, lanes, answer times, sample delays that suit them, and stalls
// of both streams.  The pins are three cycles away in each direction, with a
// register at each edge of the clock, as in the image.
//
//   vvp test-spi.vvp [+seed=N]

module test_spi;
	localparam BYTES = 24, ROUNDS = 120;
	localparam HALF = 104; // Of 100 ps.

	integer seed = 1;

	reg clk = 0, rst = 1;
	always #(HALF) clk = !clk;

	reg [7:0] out_data = 0;
	reg out_valid = 0;
	wire out_ready;
	wire [7:0] in_data;
	wire in_valid, in_flush;
	reg in_ready = 0;
	wire clock_turn, clock_late, alert;
	wire [10:0] pin_o, pin_oe;
	reg [4:0] pin_i = 0;
	wire [31:0] reg_q;

	core_spi core (
		.clk(clk), .rst(rst), .reg_addr(5'd0), .reg_write(1'b0),
		.reg_data(8'd0), .reg_q(reg_q), .out_data(out_data),
		.out_valid(out_valid), .out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(1'b1),
		.in_room(in_ready), .in_flush(in_flush),
		.clock_turn(clock_turn), .clock_late(clock_late),
		.alert(alert), .pin_o(pin_o), .pin_oe(pin_oe), .pin_i(pin_i)
	);

	function integer below(input integer limit);
		below = $unsigned($random(seed)) % limit;
	endfunction

	// ---- Pins -----------------------------------------------------------

	reg [10:0] o1 = 0, o2 = 0, first = 11'h7e0, oe1 = 0, oe2 = 0, oe = 0;
	reg turn1 = 0, turn2 = 0, turn3 = 0, sck = 0;
	reg [3:0] pad = 0, pad_late = 0, taken = 0;
	wire cs = first[5];
	tri1 [3:0] io;

	always @(posedge clk) begin
		{o1, o2, first} <= {pin_o, o1, o2};
		{oe1, oe2, oe} <= {pin_oe, oe1, oe2};
		{turn1, turn2, turn3} <= {clock_turn, turn1, turn2};
		sck <= o2[0];
		pad <= io;
		taken <= clock_late ? pad_late : pad;
		pin_i <= {1'b0, taken};
	end
	always @(negedge clk) begin
		sck <= first[0] ^ turn3;
		pad_late <= io;
	end

	genvar i;
	generate
		for (i = 0; i < 4; i = i + 1) begin : line
			assign io[i] = oe[1 + i] ? first[1 + i] : 1'bz;
		end
	endgenerate

	// ---- The chip -------------------------------------------------------

	integer lanes = 1, answer_time = 0;
	reg [1:0] mode = 0;
	reg giving = 0;
	reg [3:0] given = 0;
	reg [8 * BYTES - 1:0] heard = 0, answer = 0;
	integer heard_bits, both_drive = 0;
	wire clock = sck ^ mode[1] ^ mode[0]; // It samples when this rises.

	assign io[0] = giving && lanes > 1 ? given[0] : 1'bz;
	assign io[1] = giving ? (lanes == 1 ? given[0] : given[1]) : 1'bz;
	assign io[3:2] = giving && lanes == 4 ? given[3:2] : 2'bzz;

	always @(posedge clock) if (!cs) begin
		heard = lanes == 4 ? {heard, io} : lanes == 2 ?
			{heard, io[1:0]} : {heard, io[0]};
		heard_bits = heard_bits + lanes;
	end

	task launch;
		reg [3:0] bits;
		begin
			bits = lanes == 4 ? answer[8 * BYTES - 1 -: 4] :
				lanes == 2 ? answer[8 * BYTES - 1 -: 2] :
				answer[8 * BYTES - 1];
			answer = answer << lanes;
			given <= #(answer_time) bits;
		end
	endtask

	always @(negedge clock) if (!cs)
		launch;
	always @(negedge cs) if (!mode[0])
		launch;
	always @(io) if ((^io) === 1'bx)
		both_drive = both_drive + 1;

	// ---- The host -------------------------------------------------------

	integer period, delay, slowness, flushes = 0, came = 0;
	reg [8 * BYTES - 1:0] data, reply;

	task check(input [8 * 32 - 1:0] what, input [8 * BYTES - 1:0] seen,
		   input [8 * BYTES - 1:0] wanted);
		if (seen !== wanted) begin
			$display("%0t: %0s is %0h and not %0h", $time, what,
				seen, wanted);
			$display("mode %0d, period %0d, delay %0d, %0d lanes, ",
				mode, period, delay, lanes, "answer %0d",
				answer_time);
			$finish_and_return(1);
		end
	endtask

	task put(input [7:0] value);
		begin
			while (below(slowness) != 0)
				@(negedge clk);
			out_data = value;
			out_valid = 1;
			@(posedge clk);
			while (!out_ready) @(posedge clk);
			@(negedge clk) out_valid = 0;
		end
	endtask

	always @(negedge clk)
		in_ready = below(slowness) == 0;
	always @(posedge clk) begin
		if (in_valid) begin
			reply = {reply, in_data};
			came = came + 1;
		end
		flushes = flushes + in_flush;
	end

	function [1:0] code(input integer lanes);
		code = lanes == 4 ? 2 : lanes == 2 ? 1 : 0;
	endfunction

	task configure;
		begin
			mode = below(4);
			period = 1 + below(below(2) ? 3 : 20);
			lanes = 1 << below(3);
			answer_time = 10 + below(400);
			slowness = 1 + below(3);
			delay = 0;
			while ((period + delay) * HALF <= answer_time + 10)
				delay = delay + 1;
			put(8'h60);
			put(period);
			put(0);
			put(delay << 4 | mode);
			repeat (10) @(negedge clk);
		end
	endtask

	integer n;

	task send;
		begin
			data = {$random(seed), $random(seed), $random(seed),
				$random(seed), $random(seed), $random(seed)};
			heard_bits = 0;
			put(8'h10);
			put(8'h24 | code(lanes));
			put(BYTES);
			put(0);
			put(0);
			for (n = BYTES - 1; n >= 0; n = n - 1)
				put(data[8 * n +: 8]);
			put(8'h14);
			put(8'h01);
			put(0);
			while (came < 4) @(negedge clk);
			check("bits that came", heard_bits, 8 * BYTES);
			check("what came", heard, data);
			check("barrier", reply[31:0], 32'h00000400);
		end
	endtask

	task receive;
		begin
			data = {$random(seed), $random(seed), $random(seed),
				$random(seed), $random(seed), $random(seed)};
			answer = data;
			came = 0;
			// A clock for nobody releases the lines.
			put(8'h40 | code(lanes));
			put(1);
			put(0);
			repeat (10 + period) @(negedge clk);
			giving = 1;
			put(8'h10);
			put(8'h28 | code(lanes));
			put(BYTES);
			put(0);
			put(0);
			put(8'h14);
			while (came < BYTES) @(negedge clk);
			check("what was read", reply, data);
			put(8'h01);
			put(8'haa);
			while (came < BYTES + 4) @(negedge clk);
			check("barrier", reply[31:0], 32'haa000400);
			giving = 0;
		end
	endtask

	task round;
		begin
			came = 0;
			configure;
			send;
			receive;
			check("lines with two drivers", both_drive, 0);
		end
	endtask

	initial begin
		if ($value$plusargs("seed=%d", seed)) ;
		slowness = 1;
		repeat (5) @(negedge clk);
		rst = 0;
		repeat (10) @(negedge clk);
		both_drive = 0;
		repeat (ROUNDS) round;
		check("flushes for each barrier", flushes >= 2 * ROUNDS, 1);
		check("alert", alert, 0);
		$display("all as it should be");
		$finish;
	end

	initial begin
		#(1_000_000_000) $display("it hangs");
		$finish_and_return(1);
	end
endmodule
