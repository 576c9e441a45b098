// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The pin multiplexer: what REG_PIN wants each pin to show, and REG_INPUT
// each input of a core to see.  From a core to the ball and from the ball to
// a core it takes three cycles each, the pads' registers counted in.

`default_nettype none
`include "regs.vh"

module pinmux (
	input wire clk,
	input wire [8 * 16 - 1:0] pin,
	input wire [8 * `INPUTS - 1:0] input_select,

	// For each pin, all functions that it may show; 0 is none.
	input wire [16 * `FUNCTIONS - 1:0] function_o,
	input wire [16 * `FUNCTIONS - 1:0] function_oe,
	output reg [15:0] pin_o,
	output reg [15:0] pin_oe,

	input wire [15:0] pad_i, // one register in the pad
	output reg [15:0] levels,
	output reg [`INPUTS - 1:0] inputs
);

	initial begin
		pin_o = 0;
		pin_oe = 0;
		levels = 0;
		inputs = 0;
	end

	always @(posedge clk)
		levels <= pad_i;

	genvar i;
	generate
		for (i = 0; i < 16; i = i + 1) begin : output_pin
			wire [7:0] select = pin[8 * i +: 8];
			wire [63:0] o = {{64 - `FUNCTIONS{1'b0}},
				function_o[`FUNCTIONS * i +: `FUNCTIONS]};
			wire [63:0] oe = {{64 - `FUNCTIONS{1'b0}},
				function_oe[`FUNCTIONS * i +: `FUNCTIONS]};
			reg level, driven, open_drain;

			initial {level, driven, open_drain} = 0;
			always @(posedge clk) begin
				level <= o[select[5:0]] ^ select[6];
				driven <= oe[select[5:0]];
				open_drain <= select[7];
				pin_o[i] <= level;
				pin_oe[i] <= driven & !(open_drain & level);
			end
		end

		for (i = 0; i < `INPUTS; i = i + 1) begin : core_input
			wire [7:0] select = input_select[8 * i +: 8];
			wire unused_bits = &select[5:4];

			always @(posedge clk)
				inputs[i] <= (levels[select[3:0]] & select[7]) ^
					select[6];
		end
	endgenerate

endmodule
