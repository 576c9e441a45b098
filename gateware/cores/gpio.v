// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The GPIO core: levels out, levels in, and a record in the IN stream of every
// change of a watched pin.  Registers are wire/core-gpio.h's;
// virtual/core-gpio.c is the same logic in C, cycle for cycle.

`default_nettype none

module core_gpio (
	input wire clk,
	input wire rst, // the clock, the records, and what was lost

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

	output wire alert,
	output wire [15:0] pin_o,
	output wire [15:0] pin_oe,
	input wire [15:0] pin_i
);
	localparam [4:0] OUTPUT = 0, ENABLE = 2, LEVELS = 4, WATCH = 6,
			 LOST = 8;

	reg [7:0] low = 0; // waits for its high byte
	reg [15:0] level_out = 0, enable = 0, watch = 0;
	reg [15:0] lost = 0;

	always @(posedge clk) if (reg_write) begin
		if (!reg_addr[0])
			low <= reg_data;
		if (reg_addr == OUTPUT + 1)
			level_out <= {reg_data, low};
		if (reg_addr == ENABLE + 1)
			enable <= {reg_data, low};
		if (reg_addr == WATCH + 1)
			watch <= {reg_data, low};
	end

	always @(posedge clk) case (reg_addr[4:2])
	OUTPUT[4:2]: reg_q <= {enable, level_out};
	LEVELS[4:2]: reg_q <= {watch, pin_i};
	LOST[4:2]: reg_q <= {16'b0, lost};
	default: reg_q <= 0;
	endcase

	wire unused = &{1'b0, out_data, out_valid};
	assign out_ready = 0;
	assign alert = 0;
	assign pin_o = level_out;
	assign pin_oe = enable;

	// What asks for a record.
	reg [31:0] cycle = 0;
	reg [15:0] was = 0;
	reg top_was = 0;
	reg watching = 0;
	wire told = watch != 0 && (!watching || cycle[31] != top_was ||
		((pin_i ^ was) & watch) != 0);

	always @(posedge clk) begin
		cycle <= rst ? 0 : cycle + 1;
		top_was <= !rst && cycle[31];
		watching <= !rst && watch != 0;
		was <= pin_i;
	end

	// 255 records wait here.  When some were lost, one follows as soon as
	// there is room: the last levels are always told.
	reg [63:0] records [0:255];
	reg [63:0] record = 0;
	reg [7:0] tail = 0, head = 0;
	reg [15:0] missing = 0;
	reg behind = 0;
	wire [7:0] after = tail + 1;
	wire full = after == head;
	wire push = (told || behind) && !full;
	wire lose = told && full;
	wire [16:0] missing_next = missing + 1;
	wire [16:0] lost_next = lost + 1;

	always @(posedge clk) begin
		if (push) begin
			records[tail] <= {missing, pin_i, cycle};
			tail <= after;
			missing <= 0;
			behind <= 0;
		end
		if (lose) begin
			behind <= 1;
			if (!missing_next[16])
				missing <= missing_next[15:0];
			if (!lost_next[16])
				lost <= lost_next[15:0];
		end
		if (rst) begin
			tail <= 0;
			missing <= 0;
			behind <= 0;
			lost <= 0;
		end
	end

	// One of them goes out, byte by byte.
	reg [2:0] index = 0;
	reg busy = 0;
	wire last = in_ready && index == 7;
	wire pop = head != tail && (!busy || last);

	assign in_data = record[8 * index +: 8];
	assign in_valid = busy;
	always @(posedge clk) begin
		if (pop) begin
			record <= records[head];
			head <= head + 1;
		end
		busy <= !rst && (pop || (busy && !last));
		if (busy && in_ready)
			index <= index + 1;
		if (rst) begin
			head <= 0;
			index <= 0;
		end
	end
endmodule
`default_nettype wire
