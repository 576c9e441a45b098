// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The probe core: carries out the commands of wire/stream.h and
// wire/core-probe.h.  virtual/fpga/cores/probe.c is the same logic in C, cycle
// for cycle.
//
// core_probe takes commands and starts units of up to 8 clocks; probe_shift has
// the unit that is being clocked, so that the next command can be fetched
// meanwhile; probe_clock makes TCK, a period at a time; probe_receive takes
// samples of TDO, some cycles after the clock that they belong to.

`default_nettype none

module core_probe (
	input wire clk,
	input wire rst,

	input wire [4:0] reg_addr,
	input wire reg_write,
	input wire [7:0] reg_data,
	output reg [31:0] reg_q,

	input wire [7:0] out_data,
	input wire out_valid,
	output wire out_ready,
	output wire [7:0] in_data,
	output wire in_valid,
	input wire in_ready,
	input wire in_room,
	output wire in_flush,

	output wire clock_turn,
	output wire clock_late,
	output wire alert,
	output wire [4:0] pin_o,
	output wire [4:0] pin_oe,
	input wire [2:0] pin_i
);
	localparam FETCH = 3'd0, OPERAND = 3'd1, RUN = 3'd2, REPLY = 3'd3,
		   LOST = 3'd4;
	// The high half of the opcode; STREAM for those of all cores.
	localparam STREAM = 3'd0, SHIFT = 3'd1, VECTOR = 3'd2, TMS = 3'd3,
		   CLOCKS = 3'd4, POLL = 3'd5, CONFIG = 3'd6;
	localparam BARRIER = 3'd1, DELAY = 2'd2, PINS = 3'd3;
	localparam WAIT_PIN = 4'd4;
	// What PROBE_POLL does in turn; 1 skips, 5 idles.
	localparam ENTER = 3'd0, WINDOW = 3'd2, TAIL = 3'd3, EXIT = 3'd4,
		   JUDGE = 3'd6;

	reg [2:0] state = FETCH;
	reg [2:0] kind = 0;
	reg [3:0] flags = 0;
	reg [3:0] step = 0;   // operands taken, or bytes of a reply sent
	reg [3:0] rest = 0;   // operands that follow the next one
	reg [31:0] count = 0; // operand, then what is left: bits, clocks, us
	reg [47:0] operand = 0; // the last ones, the very last in the lowest byte
	reg have = 0;           // a byte of TMS, in operand, of PROBE_VECTOR
	reg failed = 0;
	reg [15:0] index = 0;
	reg [5:0] cycles = 0; // of a us
	reg unsent = 0;       // bytes that were not flushed
	reg [2:0] part = 0;   // of PROBE_POLL
	reg [7:0] bits = 0;   // left of this part

	reg [14:0] period = 480;
	reg [2:0] delay = 0;
	reg [1:0] pins = 3;

	// What the command in `kind` and `flags` does.
	wire is_barrier = kind == STREAM & flags[2:0] == BARRIER;
	wire is_poll = kind == POLL;
	wire is_vector = kind == VECTOR;
	wire is_tms = kind == TMS;
	wire waits = is_poll | kind == STREAM;
	reg moves = 0, takes = 0, gives = 0;
	reg [3:0] operands; // - 1, of the opcode that is fetched

	always @* begin
		case (out_data[6:4])
		STREAM: operands = out_data[2] ? 4 :
			out_data[1:0] == DELAY ? 3 : 0;
		TMS: operands = 0;
		CLOCKS: operands = 3;
		POLL: operands = 9;
		default: operands = 2;
		endcase
	end

	// Clocks and samples of this command, or of the one before it.
	wire ready; // for another clock
	wire active, draining;
	reg busy = 0; // to a cycle after the last of them
	wire [2:0] left; // clocks of this unit
	wire slot = ready & left == 0;

	wire last_operand = rest == 0;
	wire hold = last_operand & !moves & busy;
	wire taken_operand = state == OPERAND & out_valid & !hold;
	wire no_operands = out_data == 0;
	wire unknown = out_data[7] | out_data[6:4] == 7 |
		(out_data[6:4] == STREAM & out_data[3:0] > WAIT_PIN);

	wire run = state == RUN;
	wire carry_out = run & !failed;
	wire skip = run & failed;

	// Units.
	reg few = 1; // count is below 16
	wire zero = few & count[3:0] == 0;
	wire last_unit = few & (!count[3] | count[2:0] == 0) | is_tms;
	wire more = !zero | is_tms;
	wire complete = !is_vector | have;
	wire ready_unit = carry_out & moves & slot & more & complete &
		(!gives | in_room);
	wire start_unit = ready_unit & (!takes | out_valid);
	wire ready_tms = run & is_vector & !have & !zero;
	wire moves_done = carry_out & moves &
		(!more | (start_unit & last_unit));

	// PROBE_POLL.
	wire counted = part[0]; // by `bits`, a clock each
	wire step_poll = carry_out & is_poll & slot & part != JUDGE;
	wire next_part = step_poll & (!counted | bits == 0);
	wire start_poll = step_poll & (!counted | bits != 0);
	wire judge = carry_out & is_poll & part == JUDGE & !busy;
	wire [7:0] received;
	wire poll_hit = ((received ^ operand[7:0]) & operand[15:8]) == 0;
	wire poll_over = judge & (poll_hit | zero);

	// A command that is skipped.
	wire filler = gives | is_poll;
	wire skip_more = skip & (is_poll | (!zero & (takes | gives))) & complete;
	wire skip_gives = skip_more & filler & (!takes | out_valid);
	wire ready_skip = skip_more & (!filler | in_ready);
	wire skip_unit = ready_skip & (!takes | out_valid);
	wire skip_done = skip & (is_poll ? skip_unit :
		!(takes | gives) | zero | (skip_unit & last_unit));

	// Waiting.
	wire us = cycles == 47;
	wire [7:0] inputs = {5'd0, pin_i};
	wire pin_hit = inputs[operand[2:0]] == operand[7];
	wire stream_done = carry_out & kind == STREAM & (flags[2] ?
		pin_hit | zero : flags[1:0] != DELAY | zero);
	wire pin_timeout = stream_done & flags[2] & !pin_hit;

	wire config_done = carry_out & kind == CONFIG;
	wire last_reply = is_poll | step[1:0] == 3;
	wire reply_done = state == REPLY & in_ready & last_reply;
	wire done = skip_done | stream_done | config_done | reply_done |
		moves_done;

	always @(posedge clk) begin
		case (state)
		FETCH: begin
			kind <= out_data[6:4];
			flags <= out_data[3:0];
			moves <= out_data[6:4] != STREAM &
				out_data[6:4] <= CLOCKS;
			takes <= out_data[6:4] == VECTOR |
				(out_data[6:4] == SHIFT & out_data[0]);
			gives <= (out_data[6:4] == SHIFT |
				out_data[6:4] == VECTOR) & out_data[1];
			step <= 0;
			rest <= operands;
			if (out_valid)
				state <= unknown ? LOST : no_operands ? RUN :
					OPERAND;
		end
		OPERAND: if (taken_operand) begin
			step <= step + 1;
			rest <= rest - 1;
			if (last_operand) begin
				state <= is_barrier ? REPLY : RUN;
				step <= 0;
			end
		end
		RUN: begin
			if (poll_over)
				state <= REPLY;
			if (done)
				state <= FETCH;
		end
		REPLY: if (in_ready) begin
			step <= step + 1;
			if (last_reply)
				state <= FETCH;
		end
		default: ;
		endcase
		if (rst)
			state <= FETCH;
	end

	// Operands and what is left.
	wire counts = waits ? carry_out & us & !zero : start_unit | skip_unit;
	wire [31:0] less = count - {28'd0, !waits, 2'd0, waits};
	wire take_tms = ready_tms & out_valid;
	genvar i;
	generate
		for (i = 0; i < 4; i = i + 1) begin : quarter
			always @(posedge clk)
				if (state == FETCH)
					count[8 * i +: 8] <= 0;
				else if (counts | (taken_operand & !is_tms &
						step == i))
					count[8 * i +: 8] <= counts ?
						less[8 * i +: 8] : out_data;
		end
	endgenerate

	always @(posedge clk) begin
		if (state == FETCH)
			few <= 1;
		else if (counts)
			few <= count[31:5] == 0 & !(count[4] &
				(waits ? count[3:0] != 0 : count[3]));
		else if (taken_operand & !is_tms & step[3:2] == 0)
			few <= few & out_data[7:4] == 0 &
				(step == 0 | out_data[3:0] == 0);
		if (taken_operand | take_tms)
			operand <= {operand[39:0], out_data};
		have <= state != FETCH & !start_unit & !skip_unit &
			(have | take_tms);
		cycles <= us | !run ? 0 : cycles + 1;
	end

	always @(posedge clk) begin
		if (!run)
			part <= ENTER;
		else if (next_part)
			part <= part + 1;
		else if (judge)
			part <= ENTER;
		if (start_poll & !counted)
			bits <= part == ENTER ? operand[47:40] :
				part == WINDOW ? operand[31:24] :
				operand[23:16];
		else if (start_poll)
			bits <= bits - 1;
	end

	// Settings.
	always @(posedge clk) begin
		if (config_done) begin
			period <= count[14:0];
			delay <= count[22:20];
		end
		if (carry_out & kind == STREAM & flags[2:0] == PINS)
			pins <= count[1:0];
		if (rst) begin
			period <= 480;
			delay <= 0;
			pins <= 3;
		end
	end

	// Failures.
	always @(posedge clk) begin
		if (reply_done & is_barrier) begin
			failed <= 0;
			index <= 0;
		end else begin
			if (pin_timeout | (poll_over & !poll_hit))
				failed <= 1;
			if (done & !failed & !pin_timeout)
				index <= index + 1;
		end
		if (rst) begin
			failed <= 0;
			index <= 0;
		end
	end

	// Streams.
	reg [7:0] barrier;
	wire came;

	always @* case (step[1:0])
	0: barrier = count[7:0];
	1: barrier = {7'd0, failed};
	2: barrier = index[7:0];
	3: barrier = index[15:8];
	endcase

	assign out_ready = state == FETCH | (state == OPERAND & !hold) |
		state == LOST | ready_tms |
		(takes & (ready_unit | ready_skip));
	assign in_valid = state == REPLY | skip_gives | came;
	assign in_data = (state == REPLY & is_barrier ? barrier : received) |
		{8{skip}};
	assign in_flush = (reply_done & is_barrier) |
		(state == FETCH & !out_valid & unsent & !busy);
	always @(posedge clk)
		unsent <= !rst & !in_flush & (unsent | (in_valid & in_ready));

	// The unit that begins.
	reg [2:0] unit;    // clocks, - 1
	reg [7:0] tms;     // the first in the lowest bit
	wire [7:0] tdi = takes ? out_data : {8{flags[3]}};
	wire tail_ends = part == WINDOW ? operand[31:24] == 0 :
		part == TAIL & bits == 1;
	wire high_last = is_poll ? tail_ends :
		kind == SHIFT & flags[2] & last_unit;

	always @* begin
		unit = few & !count[3] ? count[2:0] - 3'd1 : 3'd7;
		tms = kind == CLOCKS ? {8{flags[0]}} : 8'd0;
		if (is_vector | is_tms)
			tms = operand[7:0];
		if (is_tms)
			unit = flags[2:0];
		if (is_poll) begin
			unit = 0;
			if (part == ENTER)
				unit = {2'd1, flags[0]};
			if (part == WINDOW)
				unit = operand[34:32] - 3'd1;
			if (part == EXIT)
				unit = 1;
			tms[0] = part == ENTER | part == EXIT;
			tms[1] = part == ENTER & flags[0];
		end
	end

	wire start_any = start_unit | start_poll;
	wire start = start_any | (ready & left != 0);
	wire sampled, tck, tms_line, tdi_line;

	always @(posedge clk)
		busy <= !rst & (active | draining | start);

	probe_clock clock (
		.clk(clk), .rst(rst), .period(period), .start(start),
		.ready(ready), .active(active), .tck(tck), .turn(clock_turn)
	);
	probe_shift shift (
		.clk(clk), .rst(rst), .load(start_any), .start(start),
		.unit(unit), .tms(tms), .tdi(tdi), .high_last(high_last),
		.receives(gives | (is_poll & part == WINDOW)), .left(left),
		.sampled(sampled), .tms_line(tms_line), .tdi_line(tdi_line)
	);
	probe_receive receive (
		.clk(clk), .rst(rst), .edge_now(active & ready & sampled),
		.last_now(left == 0), .delay(delay[2:1]),
		.push(!(run & is_poll)), .tdo(pin_i[0]), .received(received),
		.came(came), .draining(draining)
	);

	assign clock_late = delay[0];
	assign pin_o = {pins, tdi_line, tms_line, tck};
	assign pin_oe = 5'b11111;
	assign alert = 0;

	always @(posedge clk)
		reg_q <= reg_addr[4:2] == 0 ? {21'd0, pin_i, 5'd0,
			state == LOST, failed, state != FETCH | busy} : 0;
	wire unused = &{1'b0, reg_write, reg_data, reg_addr[1:0], operand[39:35]};
endmodule

// TCK, a period after each start, in cycles: from its beginning to the middle,
// then to its end.  The middle of an odd period is in the middle of a cycle.
module probe_clock (
	input wire clk,
	input wire rst,
	input wire [14:0] period,
	input wire start, // in a cycle with ready
	output reg ready,
	output reg active,
	output wire tck,
	output wire turn
);
	reg second = 0;
	reg [13:0] cycles = 0;
	reg tick = 0;  // the last cycle of this half
	reg whole = 0; // there is no second half

	// `ready` begins the longest ways of the core, so it is a register.
	wire [13:0] half = period[14:1];
	wire half_more = period[0] & !second;
	wire counts = active & !tick;
	wire next_second = active & !ready & (second | tick);
	wire next_tick = counts ? cycles == (half_more ? 14'd1 : 14'd2) :
		half == (period[0] & !next_second ? 14'd0 : 14'd1);

	initial {active, ready} = 2'b01;
	assign tck = second;
	assign turn = active & tick & half_more;

	always @(posedge clk) begin
		whole <= half == 0;
		cycles <= counts ? cycles - 1 : half;
		tick <= next_tick;
		second <= !rst & next_second;
		active <= !rst & (start | !ready);
		ready <= rst | (ready & !start) |
			(next_tick & (next_second | whole));
	end
endmodule

// Up to 8 clocks with their TMS and TDI, from the lowest bit on.  The lines stay
// as they were in the last of them.
module probe_shift (
	input wire clk,
	input wire rst,
	input wire load,  // a unit; its first clock starts
	input wire start, // a clock of it
	input wire [2:0] unit,
	input wire [7:0] tms,
	input wire [7:0] tdi,
	input wire high_last, // TMS is high in the last clock
	input wire receives,
	output reg [2:0] left,
	output reg sampled,
	output wire tms_line,
	output wire tdi_line
);
	reg [7:0] tms_bits = 8'hff, tdi_bits = 8'hff;
	reg high = 0;

	initial {left, sampled} = 0;
	assign tms_line = tms_bits[0] | (high & left == 0);
	assign tdi_line = tdi_bits[0];

	always @(posedge clk) begin
		if (load) begin
			left <= unit;
			tms_bits <= tms;
			tdi_bits <= tdi;
			high <= high_last;
			sampled <= receives;
		end else if (start) begin
			left <= left - 1;
			tms_bits <= {1'b0, tms_bits[7:1]};
			tdi_bits <= {1'b0, tdi_bits[7:1]};
		end
		if (rst) begin
			left <= 0;
			tms_bits <= 8'hff;
			tdi_bits <= 8'hff;
			high <= 0;
			sampled <= 0;
		end
	end
endmodule

// A sample is taken when TCK's falling edge has gone out to the pin, the level
// there has come in, and as many half cycles more as the delay says have passed:
// the lowest bit of it is in the pin multiplexer's clock_late.
module probe_receive (
	input wire clk,
	input wire rst,
	input wire edge_now,
	input wire last_now, // the sample is the last one of a byte
	input wire [1:0] delay, // whole cycles
	input wire push,
	input wire tdo,
	output reg [7:0] received,
	output reg came,
	output wire draining
);
	reg [8:0] way = 0, last_way = 0;
	reg [2:0] place = 0;
	wire take = way[5 + delay];
	wire last = last_way[5 + delay];
	integer k;

	assign draining = way != 0 | came;
	initial {received, came} = 0;
	always @(posedge clk) begin
		way <= {way[7:0], edge_now};
		last_way <= {last_way[7:0], last_now};
		if (take) begin
			place <= last ? 0 : place + 1;
			for (k = 0; k < 8; k = k + 1)
				if (place == k[2:0])
					received[k] <= tdo;
				else if (place == 0)
					received[k] <= 0;
		end
		came <= take & last & push;
		if (rst) begin
			way <= 0;
			place <= 0;
			came <= 0;
		end
	end
endmodule
