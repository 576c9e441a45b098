// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests the probe core against a target that knows only edges and times, and for
// polls the states of a TAP: random rates, numbers of bits, answer times, sample
// delays that suit them, and stalls of both streams.  The pins are three cycles away in each direction, with a
// register at each edge of the clock, as in the image.
//
//   vvp test-probe.vvp [+seed=N]

module test_probe;
	localparam BYTES = 24, BITS = 8 * BYTES, ROUNDS = 120;
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
	wire [4:0] pin_o, pin_oe;
	reg [2:0] pin_i = 0;
	wire [31:0] reg_q;

	core_probe core (
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

	reg [4:0] o1 = 5'h1e, o2 = 5'h1e, first = 5'h1e;
	reg turn1 = 0, turn2 = 0, turn3 = 0, tck = 0;
	reg pad = 0, pad_late = 0, taken = 0;
	reg tdo = 0;
	wire tms = first[1], tdi = first[2];

	always @(posedge clk) begin
		{o1, o2, first} <= {pin_o, o1, o2};
		{turn1, turn2, turn3} <= {clock_turn, turn1, turn2};
		tck <= o2[0];
		pad <= tdo;
		taken <= clock_late ? pad_late : pad;
		pin_i <= {2'b0, taken};
	end
	always @(negedge clk) begin
		tck <= first[0] ^ turn3;
		pad_late <= tdo;
	end

	// ---- The target -----------------------------------------------------

	// The states of IEEE 1149.1, figure 6-1, numbered in the order in which
	// a scan of DR has them; RESET is 15.  IR is not scanned here.
	localparam RESET = 15, IDLE = 0, SELECT = 1, CAPTURE = 2, SHIFT = 3,
		   EXIT1 = 4, PAUSE = 5, EXIT2 = 6, UPDATE = 7;
	reg as_tap = 0;
	reg [31:0] dr = 0, status = 0, updated = 0;
	integer state = RESET, captures = 0, right = 0, idles = 0;

	integer answer_time = 0, heard = 0;
	reg [BITS - 1:0] answer = 0, heard_tms = 0, heard_tdi = 0;
	time fell = 0, rose = 0;

	always @(posedge tck) begin
		heard_tms[heard] = tms;
		heard_tdi[heard] = tdi;
		heard = heard + 1;
		rose = $time;
	end
	always @(negedge tck) begin
		answer = answer >> 1;
		tdo <= #(answer_time) as_tap ? dr[0] : answer[0];
		fell = $time;
	end

	always @(posedge tck) begin
		if (state == SHIFT)
			dr = {tdi, dr[31:1]};
		if (state == IDLE & !tms)
			idles = idles + 1;
		case (state)
		RESET: state = tms ? RESET : IDLE;
		IDLE, UPDATE: state = tms ? SELECT : IDLE;
		SELECT: state = tms ? RESET : CAPTURE;
		CAPTURE, SHIFT: state = tms ? EXIT1 : SHIFT;
		EXIT1: state = tms ? UPDATE : PAUSE;
		PAUSE: state = tms ? EXIT2 : PAUSE;
		EXIT2: state = tms ? UPDATE : SHIFT;
		endcase
		if (state == CAPTURE) begin
			captures = captures + 1;
			dr = captures == right ? status : ~status;
		end
		if (state == UPDATE)
			updated = dr;
	end
	// The lines change when TCK has fallen, or while it rests.
	always @(tms or tdi) if (!rst)
		check("lines change while TCK is low", rose > fell, 0);

	// ---- The host -------------------------------------------------------

	integer period, delay, slowness, flushes = 0, came = 0;
	reg [BITS - 1:0] tms_data, tdi_data, wanted, reply;
	reg [31:0] last;

	task check(input [8 * 32 - 1:0] what, input [BITS - 1:0] seen,
		   input [BITS - 1:0] wanted);
		if (seen !== wanted) begin
			$display("%0t: %0s: %0h and not %0h", $time, what,
				seen, wanted);
			$display("period %0d, delay %0d, answer %0d",
				period, delay, answer_time);
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
			if (came < BYTES)
				reply[8 * came +: 8] = in_data;
			last = {last, in_data};
			came = came + 1;
		end
		flushes = flushes + in_flush;
	end

	task configure;
		begin
			period = 1 + below(below(2) ? 3 : 20);
			answer_time = 10 + below(400);
			slowness = 1 + below(3);
			delay = 0;
			while ((2 * period + delay) * HALF <= answer_time + 10)
				delay = delay + 1;
			put(8'h60);
			put(period);
			put(0);
			put(delay << 4);
			repeat (10) @(negedge clk);
		end
	endtask

	function [BITS - 1:0] noise(input integer dummy);
		noise = {$random(seed), $random(seed), $random(seed),
			$random(seed), $random(seed), $random(seed)};
	endfunction

	integer n, bits;

	// As PROBE_VECTOR, or as PROBE_SHIFT with its four flags.
	task scan(input vector, input [3:0] flags);
		reg [BITS - 1:0] mask;
		integer replies;

		begin
			bits = 1 + below(BITS);
			mask = ~0;
			mask = mask >> (BITS - bits);
			tms_data = noise(0);
			tdi_data = noise(0);
			answer = noise(0);
			tdo = answer[0];
			wanted = answer & mask;
			repeat (10) @(negedge clk);
			came = 0;
			heard = 0;
			heard_tms = 0;
			heard_tdi = 0;
			reply = 0;
			put({vector ? 4'h2 : 4'h1, flags});
			put(bits);
			put(0);
			put(0);
			for (n = 0; n < bits; n = n + 8) begin
				if (vector)
					put(tms_data[n +: 8]);
				if (vector | flags[0])
					put(tdi_data[n +: 8]);
			end
			put(8'h01);
			put(8'h77);
			replies = flags[1] ? (bits + 7) / 8 : 0;
			while (came < replies + 4) @(negedge clk);
			if (!vector) begin
				tms_data = 0;
				tms_data[bits - 1] = flags[2];
				if (!flags[0])
					tdi_data = {BITS{flags[3]}};
			end
			check("clocks", heard, bits);
			check("TMS", heard_tms, tms_data & mask);
			check("TDI", heard_tdi, tdi_data & mask);
			check("bytes", came, replies + 4);
			if (replies != 0)
				for (n = 8 * replies; n < BITS; n = n + 1)
					reply[n] = 0;
			if (replies != 0)
				check("TDO", reply, wanted);
			check("barrier", last >> 24, 8'h77);
			check("failures", last & 24'hff0000, 0);
		end
	endtask

	// A vector of 5 clocks, and clocks in a state.
	task states;
		begin
			heard = 0;
			heard_tms = 0;
			heard_tdi = 0;
			came = 0;
			put(8'h34);
			put(8'h0d);
			put(8'h49);
			put(100);
			put(0);
			put(0);
			put(0);
			put(8'h01);
			put(8'h12);
			while (came < 4) @(negedge clk);
			check("clocks", heard, 105);
			check("TMS", heard_tms, {{100{1'b1}}, 5'h0d});
			check("TDI", heard_tdi, {{100{1'b1}}, 5'h00});
			check("barrier", last, 32'h12000200);
		end
	endtask

	integer skip, wanted_bits, idle;

	// Scans until the status is there, or, with a limit of 2 us, never.
	task poll(input hits);
		begin
			skip = below(25);
			wanted_bits = 1 + below(8);
			idle = below(5);
			status = $random(seed);
			right = hits ? 1 + below(4) : 0;
			as_tap = 1;
			captures = 0;
			came = 0;
			put(8'h34); // to RESET
			put(8'h1f);
			while (state != RESET) @(negedge clk);
			put(8'h30); // to IDLE
			put(0);
			while (state != IDLE) @(negedge clk);
			idles = 0;
			heard = 0;
			put(8'h58);
			put(hits ? 8'hff : 2);
			put(0);
			put(0);
			put(0);
			put(skip);
			put(wanted_bits);
			put(32 - skip - wanted_bits);
			put(idle);
			put(8'hff);
			put((status >> skip) & (8'hff >> (8 - wanted_bits)));
			put(8'h03); // SRST
			put(8'h01);
			put(8'h01);
			put(8'h34);
			while (came < 5) @(negedge clk);
			check("a scan", captures > 0, 1);
			if (hits)
				check("scans", captures, right);
			check("clocks", heard, captures * (3 + 32 + 2 + idle));
			check("clocks in IDLE", idles, captures * idle);
			check("state", state, IDLE);
			check("update", updated, 32'hffffffff);
			check("bits", reply[7:0],
			      ((hits ? status : ~status) >> skip) &
				      (8'hff >> (8 - wanted_bits)));
			check("barrier", last,
			      hits ? 32'h34000400 : 32'h34010200);
			check("resets", first[4:3], hits ? 1 : 3);
			put(8'h03);
			put(8'h03);
			put(8'h01);
			put(0);
			while (came < 9) @(negedge clk);
			as_tap = 0;
		end
	endtask

	initial begin
		if ($value$plusargs("seed=%d", seed)) ;
		slowness = 1;
		repeat (5) @(negedge clk);
		rst = 0;
		repeat (10) @(negedge clk);
		put(8'h01);
		put(0);
		repeat (ROUNDS) begin
			configure;
			scan(below(2), below(16));
			scan(0, 4'b1010 ^ below(4));
			scan(1, 2);
			states;
			poll(1);
			poll(0);
		end
		check("flushes for each barrier", flushes >= 4 * ROUNDS, 1);
		check("alert", alert, 0);
		check("lines that are driven", pin_oe, 5'h1f);
		$display("all as it should be");
		$finish;
	end

	initial begin
		#(2_000_000_000) $display("it hangs");
		$finish_and_return(1);
	end
endmodule
