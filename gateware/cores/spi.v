// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The SPI core: carries out the commands of wire/stream.h and wire/core-spi.h.
// virtual/fpga/cores/spi.c is the same logic in C, cycle for cycle.
//
// core_spi takes commands and runs them; spi_clock makes SCK, a period at a
// time; spi_send has the byte that is sent, and the IO lines; spi_receive takes
// samples of the inputs, some cycles after the clock that they belong to.

`default_nettype none

module core_spi (
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
	output wire [10:0] pin_o,
	output wire [10:0] pin_oe,
	input wire [4:0] pin_i
);
	localparam FETCH = 3'd0, OPERAND = 3'd1, RUN = 3'd2, REPLY = 3'd3,
		   LOST = 3'd4;
	// The high half of the opcode; STREAM for those of all cores.
	localparam STREAM = 3'd0, SELECT = 3'd1, TRANSFER = 3'd2, BITS = 3'd3,
		   DUMMY = 3'd4, POLL = 3'd5, CONFIG = 3'd6;
	localparam BARRIER = 4'd1, DELAY = 4'd2, PINS = 4'd3,
		   WAIT_PIN = 4'd4;
	// What SPI_POLL does in turn; selects first.
	localparam POLL_SEND = 2'd1, POLL_RECEIVE = 2'd2, POLL_DESELECT = 2'd3;

	reg [2:0] state = FETCH;
	reg [2:0] kind = 0;
	reg [3:0] flags = 0;
	reg [2:0] step = 0;   // operands taken, or bytes of a reply sent
	reg [31:0] count = 0; // operand, then what is left: bytes, clocks, us
	reg [7:0] operand = 0, mask = 0; // that do not fit into count
	reg [1:0] part = 0;
	reg begun = 0; // the only unit of a command has
	reg failed = 0;
	reg [15:0] index = 0;
	reg [5:0] cycles = 0; // of a us
	reg unsent = 0;       // bytes that were not flushed

	reg [14:0] period = 480;
	reg [1:0] mode = 0;
	reg [2:0] delay = 0;
	reg [5:0] pins = 6'h0f; // driven, levels
	reg [1:0] chip = 0;
	reg selected = 0;

	// What the command in `kind`, `flags` and `part` does.
	wire is_barrier = kind == STREAM & flags[2:0] == BARRIER[2:0];
	wire is_poll = kind == POLL;
	wire held = flags[2];
	wire moves = kind == TRANSFER | kind == BITS;
	wire silent = kind == SELECT | (is_poll & part[1] == part[0]);
	wire single = kind[0];
	wire has_clocks = kind != STREAM & kind != CONFIG;
	wire has_data = moves | is_poll;
	wire takes = moves & flags[2];
	wire gives = moves & flags[3];
	wire receives = gives | (is_poll & part == POLL_RECEIVE);
	wire sends = takes | (is_poll & part == POLL_SEND);
	wire [1:0] lanes = flags[1:0];
	reg [2:0] unit; // clocks of a unit, - 1
	reg [2:0] operands;

	always @* begin
		unit = 7;
		if (lanes == 1)
			unit = 3;
		if (lanes == 2)
			unit = 1;
		if (kind == DUMMY)
			unit = 0;
		if (kind == BITS)
			unit = operand[2:0] - 3'd1;
		if (silent)
			unit = 1;
	end

	always @* begin
		case (kind)
		STREAM: operands = flags[2] ? 5 : flags[1:0] == 2 ? 4 : 1;
		BITS: operands = 1;
		DUMMY: operands = 2;
		POLL: operands = 7;
		default: operands = 3;
		endcase
	end

	wire last_operand = step == operands - 3'd1;
	wire taken_operand = state == OPERAND & out_valid;
	wire no_operands = out_data[6:4] == SELECT | out_data == 0;
	wire unknown = out_data[7] | out_data[6:4] == 7 |
		(out_data[6:4] == STREAM & out_data[3:0] > WAIT_PIN);

	// Units: bytes, or clocks.
	reg zero = 1; // count is
	wire [31:0] less = count - 1;
	wire more = single ? !begun : !zero;
	wire run = state == RUN;
	wire carry_out = run & !failed;

	wire ready; // for another clock
	wire [2:0] left; // clocks of this unit
	wire active, draining;
	wire next_unit = left == 0;
	wire ready_unit = carry_out & has_clocks & ready & next_unit & more &
		(!receives | in_room);
	wire start_unit = ready_unit & (!takes | out_valid);
	wire start = start_unit | (carry_out & has_clocks & ready & !next_unit);
	wire clocks_done = carry_out & has_clocks & ready & next_unit & !more &
		!(active & (receives | is_poll)) & !draining;

	// A command that is skipped.
	wire skip = run & failed;
	wire skip_gives = skip & (gives | is_poll) & more &
		(!takes | out_valid);
	wire ready_skip = skip & has_data & more &
		(!(gives | is_poll) | in_ready);
	wire skip_unit = ready_skip & (!takes | out_valid);
	wire skip_done = skip & !(has_data & more);

	// Waiting.
	wire us = cycles == 47;
	wire [7:0] inputs = {3'd0, pin_i};
	wire pin_hit = inputs[operand[2:0]] == operand[7];
	wire stream_done = carry_out & kind == STREAM & (flags[2] ?
		pin_hit | zero : flags[1:0] != DELAY[1:0] | zero);
	wire pin_timeout = stream_done & flags[2] & !pin_hit;

	wire [7:0] received;
	wire poll_hit = (received & mask) == operand;
	wire decide = is_poll & clocks_done &
		(held | part == POLL_DESELECT);
	wire poll_over = decide & (poll_hit | zero);

	wire config_done = carry_out & kind == CONFIG;
	wire last_reply = is_poll | step[1:0] == 3;
	wire reply_done = state == REPLY & in_ready & last_reply;
	wire done = skip_done | stream_done | config_done | reply_done |
		(clocks_done & !is_poll);

	always @(posedge clk) begin
		case (state)
		FETCH: begin
			kind <= out_data[6:4];
			flags <= out_data[3:0];
			part <= {out_data[2], 1'b0};
			begun <= 0;
			step <= 0;
			if (out_valid)
				state <= unknown ? LOST : no_operands ? RUN :
					OPERAND;
		end
		OPERAND: if (out_valid) begin
			step <= step + 1;
			if (last_operand) begin
				state <= is_barrier ? REPLY : RUN;
				step <= 0;
			end
		end
		RUN: begin
			if (start_unit | skip_unit)
				begun <= 1;
			if (is_poll & clocks_done) begin
				begun <= 0;
				if (poll_over)
					state <= REPLY;
				else if (!held)
					part <= part + 1;
			end
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
	wire waits = is_poll | kind == STREAM;
	wire counts = waits ? carry_out & us & !zero :
		(start_unit | skip_unit) & !single;
	genvar i;
	generate
		for (i = 0; i < 4; i = i + 1) begin : quarter
			always @(posedge clk)
				if (state == FETCH)
					count[8 * i +: 8] <= 0;
				else if (counts | (taken_operand & kind != BITS &
						step == i))
					count[8 * i +: 8] <= counts ?
						less[8 * i +: 8] : out_data;
		end
	endgenerate

	always @(posedge clk) begin
		if (state == FETCH)
			zero <= 1;
		else if (counts)
			zero <= count[31:1] == 0;
		else if (taken_operand & kind != BITS & !step[2])
			zero <= zero & out_data == 0;
		if (taken_operand) begin
			operand <= step == 6 ? operand : out_data;
			if (step == 5)
				mask <= operand;
		end
		cycles <= us | !run ? 0 : cycles + 1;
	end

	// Settings.
	wire select = state == FETCH & out_valid & out_data[6:4] == SELECT &
		!out_data[7] & !failed;
	wire poll_begins = taken_operand & last_operand & is_poll & !failed &
		!held;

	always @(posedge clk) begin
		if (config_done) begin
			period <= count[14:0];
			mode <= count[17:16];
			delay <= count[22:20];
		end
		if (carry_out & kind == STREAM & flags[2:0] == PINS[2:0])
			pins <= {count[7:6], count[3:0]};
		if (select) begin
			selected <= !out_data[2];
			if (!out_data[2])
				chip <= out_data[1:0];
		end
		if (poll_begins)
			selected <= 1;
		if (is_poll & clocks_done & !held)
			selected <= part == POLL_DESELECT ? !poll_over :
				part != POLL_RECEIVE;
		if (rst) begin
			period <= 480;
			mode <= 0;
			delay <= 0;
			pins <= 6'h0f;
			chip <= 0;
			selected <= 0;
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

	assign out_ready = state == FETCH | state == OPERAND | state == LOST |
		(takes & (ready_unit | ready_skip));
	assign in_valid = state == REPLY | skip_gives | came;
	assign in_data = (state == REPLY & is_barrier ? barrier : received) |
		{8{skip}};
	assign in_flush = (reply_done & is_barrier) |
		(state == FETCH & !out_valid & unsent);
	always @(posedge clk)
		unsent <= !rst & !in_flush & (unsent | (in_valid & in_ready));

	// SCK, lines.
	wire tick, sample_edge;
	wire [3:0] io, io_oe;

	spi_clock clock (
		.clk(clk), .rst(rst), .period(period), .mode(mode),
		.start(start), .silent(silent), .ready(ready), .active(active),
		.middle(sample_edge), .sck(pin_o[0]), .turn(clock_turn)
	);
	spi_send sender (
		.clk(clk), .rst(rst), .start(start), .unit(unit), .left(left),
		.load(poll_begins | (start_unit & takes)), .data(out_data),
		.rotate(start & (silent ? part == POLL_DESELECT : !next_unit)),
		.visible(start & !silent), .sends(sends), .receives(receives),
		.lanes(lanes), .levels(pins[3:2]), .driven(pins[5:4]),
		.io(io), .io_oe(io_oe), .sampled(tick)
	);
	spi_receive receiver (
		.clk(clk), .rst(rst), .idle(state == OPERAND),
		.edge_now(sample_edge & tick), .early(period[0] & !delay[0]),
		.delay(delay[2:1]), .unit(unit), .lanes(lanes),
		.push(!is_poll), .io(pin_i[3:0]), .received(received),
		.came(came), .draining(draining)
	);

	assign clock_late = period[0] ^ delay[0];
	assign pin_o[4:1] = io;
	assign pin_o[8:5] = ~({3'd0, selected} << chip);
	assign pin_o[10:9] = pins[1:0];
	assign pin_oe = {6'b111111, io_oe, 1'b1};
	assign alert = 0;

	always @(posedge clk)
		reg_q <= reg_addr[4:2] == 0 ? {19'd0, pin_i, 5'd0,
			state == LOST, failed, state != FETCH} : 0;
	wire unused = &{1'b0, reg_write, reg_data, reg_addr[1:0], count[31:23]};
endmodule

// SCK, a period after each start, in cycles: from its beginning to the middle,
// then to its end.  The middle of an odd period is in the middle of a cycle.
module spi_clock (
	input wire clk,
	input wire rst,
	input wire [14:0] period,
	input wire [1:0] mode,
	input wire start,  // in a cycle with ready
	input wire silent, // without SCK
	output wire ready,
	output reg active,
	output wire middle, // in the last cycle of the first half
	output wire sck,
	output wire turn
);
	reg second = 0;
	reg shown = 0;
	reg [13:0] cycles = 0;

	wire half_more = period[0] & !second;
	wire tick = cycles[13:1] == 0 & cycles[0] != half_more;
	wire whole = period[14:1] == 0; // there is no second half

	initial active = 0;
	assign ready = !active | (tick & (second | whole));
	assign middle = shown & tick & !second;
	assign sck = mode[1] ^ (shown & (second ^ mode[0]));
	assign turn = middle & half_more;

	always @(posedge clk) begin
		cycles <= active & !tick ? cycles - 1 : period[14:1];
		second <= active & !ready & (second | tick);
		active <= !rst & (start | !ready);
		if (ready)
			shown <= start & !silent;
		if (rst)
			shown <= 0;
	end
endmodule

// The byte that is sent, from its highest bit on, and the IO lines.  The byte
// rotates, so that SPI_POLL finds its command again after each turn.
module spi_send (
	input wire clk,
	input wire rst,
	input wire start,
	input wire [2:0] unit,
	output reg [2:0] left,
	input wire load,
	input wire [7:0] data,
	input wire rotate,
	input wire visible, // the lines are this command's from now on
	input wire sends,
	input wire receives,
	input wire [1:0] lanes,
	input wire [1:0] levels, // of IO2 and IO3, while they are static
	input wire [1:0] driven,
	output wire [3:0] io,
	output wire [3:0] io_oe,
	output wire sampled // the lines are those of a command that receives
);
	localparam ONE = 2'd0, TWO = 2'd1, FOUR = 2'd2;

	reg [7:0] shift = 0;
	reg [1:0] line_lanes = 0;
	reg out = 0, in = 0;

	initial left = 0;
	always @(posedge clk) begin
		if (start)
			left <= left == 0 ? unit : left - 1;
		if (load)
			shift <= data;
		else if (rotate)
			shift <= lanes == FOUR ? {shift[3:0], shift[7:4]} :
				lanes == TWO ? {shift[5:0], shift[7:6]} :
				{shift[6:0], shift[7]};
		if (visible) begin
			line_lanes <= lanes;
			out <= sends;
			in <= receives;
		end
		if (rst) begin
			left <= 0;
			shift <= 0;
			line_lanes <= 0;
			out <= 0;
			in <= 0;
		end
	end

	wire four = line_lanes == FOUR;
	wire two = line_lanes == TWO;

	assign io[0] = !out | (four ? shift[4] : two ? shift[6] : shift[7]);
	assign io[1] = two ? shift[7] : shift[5];
	assign io[2] = four ? shift[6] : levels[0];
	assign io[3] = four ? shift[7] : levels[1];
	assign io_oe[0] = out | (in & line_lanes == ONE);
	assign io_oe[1] = out & (two | four);
	assign io_oe[2] = four ? out : driven[0];
	assign io_oe[3] = four ? out : driven[1];
	assign sampled = in;
endmodule

// A sample is taken when its edge has gone out to the pin, the level there
// has come in, and as many half cycles more as `delay` says have passed: the
// lowest bit of `delay`, and the half cycle of an odd period, are in `early`
// and in the pin multiplexer's clock_late.
module spi_receive (
	input wire clk,
	input wire rst,
	input wire idle,
	input wire edge_now,
	input wire early,
	input wire [1:0] delay, // whole cycles
	input wire [2:0] unit,
	input wire [1:0] lanes,
	input wire push,
	input wire [3:0] io,
	output reg [7:0] received,
	output reg came,
	output wire draining
);
	localparam TWO = 2'd1, FOUR = 2'd2, THREE_WIRE = 2'd3;

	reg [8:0] way = 0;
	reg [2:0] clocks = 0;
	wire take = way[5 + delay];
	wire last = clocks == unit;

	assign draining = way != 0 | came;
	initial {received, came} = 0;
	always @(posedge clk) begin
		way <= {way[7:1], early ? edge_now : way[0], edge_now};
		if (take) begin
			received <= lanes == FOUR ? {received[3:0], io} :
				lanes == TWO ? {received[5:0], io[1:0]} :
				{received[6:0],
				 lanes == THREE_WIRE ? io[0] : io[1]};
			clocks <= last ? 0 : clocks + 1;
		end
		came <= take & last & push;
		if (idle)
			received <= 0;
		if (rst) begin
			way <= 0;
			clocks <= 0;
			came <= 0;
		end
	end
endmodule
