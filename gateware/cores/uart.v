// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The UART core: bytes from the OUT stream onto TX, bytes from RX into the IN
// stream.  Registers are wire/core-uart.h's; virtual/core-uart.c is the same
// logic in C, cycle for cycle.

`default_nettype none

module core_uart (
	input wire clk,
	input wire rst, // all but CONTROL and BIT_TIME

	input wire [4:0] reg_addr,
	input wire reg_write,
	input wire [7:0] reg_data,
	output wire [31:0] reg_q,

	input wire [7:0] out_data,
	input wire out_valid,
	output wire out_ready,
	output wire [7:0] in_data,
	output wire in_valid,
	input wire in_ready,

	output wire alert,
	output wire pin_o,
	output wire pin_oe,
	input wire pin_i
);
	localparam [4:0] CONTROL = 0, CLEAR = 1, BIT_TIME = 4;

	reg [7:0] control = 0;
	reg [27:0] bit_time = 0; // 1/256 cycles

	always @(posedge clk) if (reg_write) begin
		if (reg_addr == CONTROL)
			control <= reg_data;
		if (reg_addr == BIT_TIME)
			bit_time[7:0] <= reg_data;
		if (reg_addr == BIT_TIME + 1)
			bit_time[15:8] <= reg_data;
		if (reg_addr == BIT_TIME + 2)
			bit_time[23:16] <= reg_data;
		if (reg_addr == BIT_TIME + 3)
			bit_time[27:24] <= reg_data[3:0];
	end

	wire sending;
	uart_transmit transmit (
		.clk(clk), .rst(rst), .bit_time(bit_time),
		.format(control[5:0]), .enable(control[7]),
		.data(out_data), .valid(out_valid), .ready(out_ready),
		.sending(sending), .tx(pin_o)
	);
	assign pin_oe = 1;
	assign alert = 0;

	wire came, framing_error, parity_error;
	wire [7:0] data;
	uart_receive receive (
		.clk(clk), .rst(rst), .bit_time(bit_time),
		.data_bits(control[1:0]), .parity_kind(control[5:3]),
		.enable(control[6]),
		.rx(pin_i), .came(came), .data(data),
		.framing_error(framing_error), .parity_error(parity_error)
	);

	reg [7:0] held = 0;
	reg full = 0;
	wire lose = came && full && !in_ready;

	assign in_data = held;
	assign in_valid = full;
	always @(posedge clk) begin
		if (came && !lose)
			held <= data;
		full <= !rst && (came || (full && !in_ready));
	end

	wire clear = reg_write && reg_addr == CLEAR;
	uart_registers registers (
		.clk(clk), .rst(rst), .addr(reg_addr[4:2]), .q(reg_q),
		.clear_counters(clear && reg_data[0]),
		.clear_pulse(clear && reg_data[1]), .control(control),
		.bit_time(bit_time), .rx(pin_i),
		.sending(sending || out_valid), .came(came), .lose(lose),
		.framing_error(framing_error), .parity_error(parity_error)
	);
endmodule

// A byte is start, data from the lowest bit, parity, stop.  What is left over
// of a bit's time in 1/256 cycles is carried to the next bit, and to the next
// byte: on the average the baud rate is exact.
module uart_transmit (
	input wire clk,
	input wire rst,
	input wire [27:0] bit_time,
	input wire [5:0] format, // as in CONTROL
	input wire enable,
	input wire [7:0] data,
	input wire valid,
	output wire ready,
	output wire sending,
	output wire tx
);
	localparam IDLE = 0, START = 1, DATA = 2, PARITY = 3, STOP = 4;

	wire has_parity = format[5:3] != 0;
	wire counts_ones = format[5] || format[4:3] == 3;

	reg [2:0] state = IDLE;
	reg low = 0;
	reg [7:0] shift = 0;
	reg [2:0] left = 0;
	reg parity = 0;

	reg [19:0] cycles = 0;
	reg [7:0] fraction = 0;
	reg extra = 0; // the fractions have summed up to a cycle

	wire tick = cycles[19:1] == 0 && !extra;
	wire last = state == STOP && left == 0;
	wire take = ready && valid;
	wire run = state != IDLE && !tick;

	assign ready = !rst && enable && (state == IDLE || (last && tick));
	assign sending = state != IDLE;
	assign tx = !low;

	always @(posedge clk) begin
		// Written so that count and load share the cells.
		cycles <= run ? cycles + {20{run}} + {19'b0, extra} :
			  bit_time[27:8];
		if (run)
			extra <= 0;
		else if (take || state != IDLE)
			{extra, fraction} <= fraction + bit_time[7:0];

		if (take) begin
			state <= START;
			low <= 1;
			shift <= data;
			parity <= format[4];
		end else if (tick) case (state)
		START, DATA:
			if (state == DATA && left == 0) begin
				state <= has_parity ? PARITY : STOP;
				low <= has_parity && !parity;
				left <= {2'b0, format[2]};
			end else begin
				state <= DATA;
				low <= !shift[0];
				parity <= parity ^ (shift[0] && counts_ones);
				shift <= shift >> 1;
				left <= state == START ? {1'b1, format[1:0]} :
					left - 1;
			end
		PARITY: begin
			state <= STOP;
			low <= 0;
		end
		STOP:
			if (left == 0)
				state <= IDLE;
			else
				left <= left - 1;
		default: ;
		endcase

		if (rst) begin
			state <= IDLE;
			low <= 0;
			fraction <= 0;
			extra <= 0;
		end
	end
endmodule

// Half bits are timed from the edge that starts a byte, and every other one
// ends in the middle of a bit.  It is ready for the next edge as soon as it
// has seen the middle of the stop bit.
module uart_receive (
	input wire clk,
	input wire rst,
	input wire [27:0] bit_time,
	input wire [1:0] data_bits, // as in CONTROL
	input wire [2:0] parity_kind,
	input wire enable,
	input wire rx,
	output wire came,
	output wire [7:0] data,
	output wire framing_error,
	output wire parity_error
);
	localparam WAIT = 0, IDLE = 1, START = 2, DATA = 3, PARITY = 4,
		   STOP = 5;

	wire has_parity = parity_kind != 0;
	wire counts_ones = parity_kind[2] || parity_kind[1:0] == 3;

	reg [2:0] state = WAIT;
	reg [7:0] shift = 0;
	reg [2:0] left = 0;
	reg parity = 0;
	reg wrong = 0;
	reg middle = 0; // this half ends there

	reg [18:0] cycles = 0;
	reg [8:0] fraction = 0;
	reg extra = 0;

	wire busy = state[2] || state[1];
	wire tick = cycles[18:1] == 0 && !extra;
	wire run = busy && !tick;
	wire sample = busy && tick && middle;
	wire start = state == IDLE && !rx;
	wire false_start = state == START && rx;

	assign came = sample && state == STOP && enable && !rst;
	assign data = shift;
	assign framing_error = came && !rx;
	assign parity_error = came && wrong;

	always @(posedge clk) begin
		cycles <= run ? cycles + {19{run}} + {18'b0, extra} :
			  bit_time[27:9];
		if (run)
			extra <= 0;
		else if (busy || start)
			{extra, fraction} <= fraction + bit_time[8:0];
		middle <= !busy || (middle ^ tick);

		case (state)
		WAIT:
			if (rx)
				state <= IDLE;
		IDLE:
			if (!rx)
				state <= START;
		START:
			if (sample)
				state <= rx ? IDLE : DATA;
		DATA:
			if (sample && left == 0)
				state <= has_parity ? PARITY : STOP;
		PARITY:
			if (sample)
				state <= STOP;
		default:
			if (sample)
				state <= rx ? IDLE : WAIT;
		endcase
		if (rst || !enable)
			state <= WAIT;
		if (rst || !enable ||
		    (sample && (false_start || state == STOP))) begin
			fraction <= 0;
			extra <= 0;
		end

		if (sample) case (state)
		START: begin
			left <= {1'b1, data_bits};
			parity <= parity_kind[1];
			wrong <= 0;
		end
		DATA: begin
			left <= left - 1;
			parity <= parity ^ (rx && counts_ones);
			shift <= {data_bits == 3 && rx,
				  data_bits == 2 ? rx : shift[7],
				  data_bits == 1 ? rx : shift[6],
				  data_bits == 0 ? rx : shift[5], shift[4:1]};
		end
		PARITY:
			wrong <= rx ^ parity;
		default: ;
		endcase
	end
endmodule

// What is counted and measured, and what can be read.
module uart_registers (
	input wire clk,
	input wire rst,
	input wire [4:2] addr,
	output reg [31:0] q,
	input wire clear_counters,
	input wire clear_pulse,
	input wire [7:0] control,
	input wire [27:0] bit_time,
	input wire rx,
	input wire sending,
	input wire came,
	input wire lose,
	input wire framing_error,
	input wire parity_error
);
	reg [15:0] framing = 0, parity = 0;
	reg [31:0] received = 0, lost = 0, overrun = 0;
	reg some_lost = 0;

	wire [16:0] framing_next = framing + 1;
	wire [16:0] parity_next = parity + 1;
	wire [32:0] lost_next = lost + 1;

	always @(posedge clk) begin
		if (came)
			received <= received + 1;
		if (framing_error && !framing_next[16])
			framing <= framing_next[15:0];
		if (parity_error && !parity_next[16])
			parity <= parity_next[15:0];
		if (lose && !lost_next[32])
			lost <= lost_next[31:0];
		if (lose && !some_lost)
			overrun <= received;
		if (lose)
			some_lost <= 1;
		if (rst || clear_counters) begin
			received <= 0;
			framing <= 0;
			parity <= 0;
			lost <= 0;
			overrun <= 0;
			some_lost <= 0;
		end
	end

	// All ones, until two edges were seen.
	reg [23:0] pulse = {24{1'b1}}, width = {24{1'b1}};
	reg unknown = 1;
	reg was = 0;
	reg shorter = 0; // than `pulse`, until `width` gets there
	wire edge_seen = rx != was;
	wire equal = width == pulse;
	wire [24:0] width_next = width + 1;

	always @(posedge clk) begin
		was <= rx;
		shorter <= edge_seen || (shorter && !equal);
		if (edge_seen)
			width <= 1;
		else if (!width_next[24])
			width <= width_next[23:0];
		if (edge_seen && shorter && !equal) begin
			pulse <= width;
			unknown <= 0;
		end
		if (rst || clear_pulse) begin
			width <= {24{1'b1}};
			pulse <= {24{1'b1}};
			unknown <= 1;
		end
	end

	always @(posedge clk) case (addr)
	0: q <= {13'b0, some_lost, sending, rx, 8'b0, control};
	1: q <= {4'b0, bit_time};
	2: q <= {parity, framing};
	3: q <= received;
	4: q <= lost;
	5: q <= overrun;
	6: q <= {{8{unknown}}, pulse};
	default: q <= 0;
	endcase
endmodule
`default_nettype wire
