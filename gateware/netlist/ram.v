// SPDX-License-Identifier: 0BSD OR Apache-2.0

// A block RAM of the iCE40, for netlist.py: 256 words of 16 bits with a port to
// read and a port to write, which have clocks of their own.  A read in the cycle
// of a write gives what was there before.
//
// In mode m, 1 to 3, a port has 16 >> m bits: each is one of 1 << m bits of a
// word, which the address bits from 8 on choose.  Source: Lattice, "iCE
// Technology Library", SB_RAM40_4K, and "Memory Usage Guide for iCE40 Devices".

`default_nettype none

module SB_RAM40_4K #(
	parameter READ_FALLING = 0, // the edge of RCLK, and of WCLK
	parameter WRITE_FALLING = 0,
	parameter READ_MODE = 0,
	parameter WRITE_MODE = 0,
	parameter [255:0] INIT_0 = 0,
	parameter [255:0] INIT_1 = 0,
	parameter [255:0] INIT_2 = 0,
	parameter [255:0] INIT_3 = 0,
	parameter [255:0] INIT_4 = 0,
	parameter [255:0] INIT_5 = 0,
	parameter [255:0] INIT_6 = 0,
	parameter [255:0] INIT_7 = 0,
	parameter [255:0] INIT_8 = 0,
	parameter [255:0] INIT_9 = 0,
	parameter [255:0] INIT_A = 0,
	parameter [255:0] INIT_B = 0,
	parameter [255:0] INIT_C = 0,
	parameter [255:0] INIT_D = 0,
	parameter [255:0] INIT_E = 0,
	parameter [255:0] INIT_F = 0
) (
	output reg [15:0] RDATA,
	input wire RCLK,
	input wire RCLKE,
	input wire RE,
	input wire [10:0] RADDR,
	input wire WCLK,
	input wire WCLKE,
	input wire WE,
	input wire [10:0] WADDR,
	input wire [15:0] MASK, // 1 keeps the bit, in mode 0
	input wire [15:0] WDATA
);

	localparam [4095:0] INIT = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B,
		INIT_A, INIT_9, INIT_8, INIT_7, INIT_6, INIT_5, INIT_4, INIT_3,
		INIT_2, INIT_1, INIT_0};

	// Bits of a word for each bit of the port, and which pin of these has
	// the bit of the port.
	localparam R = 1 << READ_MODE;
	localparam W = 1 << WRITE_MODE;
	localparam RPIN = READ_MODE == 0 ? 0 : R / 2 - 1;
	localparam WPIN = WRITE_MODE == 0 ? 0 : W / 2 - 1;

	reg [15:0] memory [0:255];
	wire [15:0] word = memory[RADDR[7:0]];
	wire [15:0] read, write, data;

	genvar i;
	generate
		for (i = 0; i < 16; i = i + 1) begin : bits
			if (READ_MODE == 0)
				assign read[i] = word[i];
			else if (i % R == RPIN)
				assign read[i] = word[i / R * R +
					32'(RADDR[10:8]) % R];
			else
				assign read[i] = 1'b0;
			assign data[i] = WDATA[i / W * W + WPIN];
			if (WRITE_MODE == 0)
				assign write[i] = !MASK[i];
			else
				assign write[i] = 32'(WADDR[10:8]) % W == i % W;
		end
	endgenerate

	integer at;
	initial begin
		RDATA = 0;
		for (at = 0; at < 256; at = at + 1)
			memory[at] = INIT[16 * at +: 16];
	end

	wire [15:0] written = memory[WADDR[7:0]] & ~write | data & write;

	generate
		if (WRITE_FALLING) begin : write_falling
			always @(negedge WCLK)
				if (WE & WCLKE)
					memory[WADDR[7:0]] <= written;
		end else begin : write_rising
			always @(posedge WCLK)
				if (WE & WCLKE)
					memory[WADDR[7:0]] <= written;
		end
		if (READ_FALLING) begin : read_falling
			always @(negedge RCLK)
				if (RE & RCLKE)
					RDATA <= read;
		end else begin : read_rising
			always @(posedge RCLK)
				if (RE & RCLKE)
					RDATA <= read;
		end
	endgenerate

endmodule
