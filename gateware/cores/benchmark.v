// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The benchmark core: emits, checks or echoes the sequence of wire/sequence.h,
// with the registers of wire/core-benchmark.h.

`default_nettype none

module core_benchmark (
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

	output wire alert,
	output wire pin_o,
	output wire pin_oe,
	input wire pin_i
);

	localparam MODE = 5'h00, COUNT = 5'h04, OFFSET = 5'h08, WINDOW = 5'h10;
	localparam SOURCE = 2'd1, SINK = 2'd2, LOOPBACK = 2'd3;

	reg [1:0] mode;
	reg [15:0] lfsr;
	reg high; // the next byte is the high one
	reg [31:0] count;
	reg error;
	reg [31:0] offset;
	reg [63:0] window;
	reg [3:0] held; // bytes in the window

	wire [7:0] expected = high ? lfsr[15:8] : lfsr[7:0];
	wire moves = mode == SOURCE ? in_ready : mode == SINK ? out_valid :
		mode == LOOPBACK ? out_valid & in_ready : 1'b0;
	wire wrong = mode == SINK & moves & out_data != expected;

	assign out_ready = mode == SINK | (mode == LOOPBACK & in_ready);
	assign in_valid = mode == SOURCE | (mode == LOOPBACK & out_valid);
	assign in_data = mode == SOURCE ? expected : out_data;

	assign alert = 1'b0;
	assign pin_o = 1'b0;
	assign pin_oe = 1'b0;
	wire unused = &{pin_i, reg_data[7:2]};

	initial begin
		mode = 0;
		lfsr = 1;
		high = 0;
		count = 0;
		error = 0;
		offset = 0;
		window = 0;
		held = 0;
	end

	always @(posedge clk) begin
		if (reg_write & reg_addr == MODE)
			mode <= reg_data[1:0];

		if (rst) begin
			lfsr <= 1;
			high <= 0;
			count <= 0;
			error <= 0;
			offset <= 0;
			window <= 0;
			held <= 0;
		end else if (moves) begin
			count <= count + 1;
			if (mode != LOOPBACK)
				high <= !high;
			if (mode != LOOPBACK & high)
				lfsr <= {lfsr[14:0], lfsr[15] ^ lfsr[14] ^
					lfsr[12] ^ lfsr[3]};
			if (wrong & !error) begin
				error <= 1;
				offset <= count;
			end
			if (mode == SINK & (wrong | error) & !held[3]) begin
				window[8 * held[2:0] +: 8] <= out_data;
				held <= held + 1;
			end
		end
	end

	always @(posedge clk) begin
		case (reg_addr[4:2])
		MODE[4:2]: reg_q <= {23'd0, error, 6'd0, mode};
		COUNT[4:2]: reg_q <= count;
		OFFSET[4:2]: reg_q <= offset;
		WINDOW[4:2]: reg_q <= window[31:0];
		WINDOW[4:2] + 3'd1: reg_q <= window[63:32];
		default: reg_q <= 0;
		endcase
	end

endmodule
