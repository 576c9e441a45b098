// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The registers of wire/regs.h: takes what comes over I2C, holds what the
// bridge, the switch and the pin multiplexer obey, and reaches the cores'.
//
// A byte that is written takes effect when SCL falls behind its eighth bit,
// not at the stop condition.  What is written is read back as it was written,
// bits that mean nothing included, from one block RAM which has the table of
// cores as well.

`default_nettype none
`include "regs.vh"

module registers (
	input wire clk,

	input wire i2c_start,
	input wire i2c_write,
	input wire [7:0] i2c_byte,
	output wire i2c_accept,
	input wire i2c_read,
	output reg [7:0] i2c_data,

	output reg [3:0] pipe_reset,
	output reg [1:0] flush,
	output reg [31:0] idle,
	output reg [15:0] stream,             // a core each, 4 bits
	output reg [8 * 16 - 1:0] pin,
	output reg [8 * `INPUTS - 1:0] input_select,
	input wire [`CORES - 1:0] alert_set,
	output wire alert,

	output reg [7:0] core_addr,
	output reg core_write,
	output reg [7:0] core_data,
	input wire [31:0] core_q
);

	reg [7:0] address;
	reg addressing; // the next byte written is the address
	reg [7:0] index;
	reg [`CORES - 1:0] alerts;

	wire in_range = address < `REG_COUNT;
	wire [7:0] next_address = in_range ? address + 8'd1 : address;
	wire write = i2c_write & !addressing & in_range;

	assign i2c_accept = addressing ? i2c_byte < `REG_COUNT : in_range;
	assign alert = alerts != 0;

	// What was written, and behind it the table.
	(* no_rw_check *)
	reg [7:0] memory [0:511];
	reg [7:0] memory_q;
	wire [7:0] quad = {address[7:2], 2'b00};
	wire [7:0] row = {address[7:4], 4'b0000};
	wire in_table = row == `REG_TABLE;
	wire kept = address >= `REG_IDLE_FLUSH & address < `REG_MAP |
		address == `REG_TABLE_INDEX |
		address >= `REG_PIN & address < `REG_CORES;
	wire [8:0] memory_addr = in_table ? {1'b1, index[3:0], address[3:0]} :
		{1'b0, address};

	integer i;
	initial begin
		for (i = 0; i < 512; i = i + 1)
			memory[i] = 0;
		`include "memory.vh"
	end

	always @(posedge clk) begin
		if (write & kept)
			memory[{1'b0, address}] <= i2c_byte;
		memory_q <= memory[memory_addr];
	end

	initial begin
		address = 0;
		addressing = 0;
		index = 0;
		alerts = 0;
		pipe_reset = 4'hf;
		flush = 0;
		idle = {2{`REG_IDLE_DEFAULT}};
		stream = 0;
		pin = 0;
		input_select = 0;
		core_addr = 0;
		core_write = 0;
		core_data = 0;
	end

	// Writing.
	always @(posedge clk) begin
		flush <= 0;
		core_write <= 0;
		core_addr <= address;
		core_data <= i2c_byte;
		if (write) begin
			core_write <= address >= `REG_CORES;
			if (address == `REG_PIPE_RESET)
				pipe_reset <= i2c_byte[3:0];
			if (address == `REG_FLUSH)
				flush <= i2c_byte[1:0];
			if (address == `REG_TABLE_INDEX)
				index <= i2c_byte;
			if (quad == `REG_IDLE_FLUSH)
				idle[8 * address[1:0] +: 8] <= i2c_byte;
			if (quad == `REG_STREAM)
				stream[4 * address[1:0] +: 4] <=
					i2c_byte > `CORES ? 4'd0 : i2c_byte[3:0];
			if (row == `REG_PIN)
				pin[8 * address[3:0] +: 8] <= i2c_byte;
			for (i = 0; i < `INPUTS; i = i + 1)
				if (address == `REG_INPUT + i[7:0])
					input_select[8 * i +: 8] <= i2c_byte;
		end
	end

	// Reading: the aligned word of a core is latched at the first byte, and
	// then wherever a word begins.
	reg fetching; // a cycle after i2c_read
	reg [7:0] fetched;
	reg fetched_table;
	reg [31:0] word;

	always @(posedge clk) begin
		alerts <= alerts | alert_set;
		fetching <= i2c_read;
		if (i2c_read) begin
			fetched <= address;
			fetched_table <= in_table;
			if (i2c_start | address[1:0] == 0)
				word <= core_q;
		end
		if (fetching) begin
			i2c_data <= memory_q;
			if (fetched == `REG_PIPE_RESET)
				i2c_data <= {4'd0, pipe_reset};
			if (fetched == `REG_ALERTS) begin
				i2c_data <= {{8 - `CORES{1'b0}}, alerts};
				alerts <= alert_set;
			end
			if (fetched >= `REG_CORES)
				i2c_data <= word[8 * fetched[1:0] +: 8];
			if (fetched >= `REG_COUNT |
					(fetched_table & index[7:4] != 0))
				i2c_data <= 0;
		end
	end

	always @(posedge clk) begin
		if (i2c_start)
			addressing <= 1;
		if (i2c_write)
			addressing <= 0;
		if (i2c_write & addressing & i2c_accept)
			address <= i2c_byte;
		if ((i2c_write & !addressing) | i2c_read)
			address <= next_address;
	end

endmodule
