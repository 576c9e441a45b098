// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The pin multiplexer: what REG_PIN wants each pin to show, and REG_INPUT
// each input of a core to see.  From a core to the ball and from the ball to
// a core it takes three cycles each, the pads' registers counted in.
//
// A clock is the first output of a core with CORE_CLOCK.  With clock_turn it
// turns in the middle of the cycle.  With clock_late the inputs of that core
// are the balls of half a cycle later than without, the falling edge's.

`default_nettype none
`include "regs.vh"

module pinmux (
	input wire clk,
	input wire [8 * 16 - 1:0] pin,
	input wire [8 * `INPUTS - 1:0] input_select,

	// For each pin, all functions that it may show; 0 is none.
	input wire [16 * `FUNCTIONS - 1:0] function_o,
	input wire [16 * `FUNCTIONS - 1:0] function_oe,
	input wire [`CLOCKS - 1:0] clock_turn,
	input wire [`CLOCKS - 1:0] clock_late,
	output reg [15:0] pin_o,
	output reg [15:0] pin_o_late,
	output reg [15:0] pin_oe,

	input wire [15:0] pad_i, // one register in the pad
	input wire [15:0] pad_i_late,
	output reg [15:0] levels,
	output reg [`INPUTS - 1:0] inputs
);

	// The function of each clock, and for each input its clock, from 1.
	localparam [8 * `CLOCKS - 1:0] CLOCK_FUNCTIONS = `CLOCK_FUNCTIONS;
	localparam [8 * `INPUTS - 1:0] INPUT_CLOCKS = `INPUT_CLOCKS;
	localparam SELECT = $clog2(`FUNCTIONS);

	reg [`CLOCKS - 1:0] turn, turn_d;
	// The levels that inputs may have: those at rising edges, then those
	// of each clock.
	wire [16 * (`CLOCKS + 1) - 1:0] sampled;

	initial begin
		pin_o = 0;
		pin_o_late = 0;
		pin_oe = 0;
		levels = 0;
		inputs = 0;
		turn = 0;
		turn_d = 0;
	end

	always @(posedge clk) begin
		levels <= pad_i;
		turn_d <= clock_turn;
		turn <= turn_d;
	end
	assign sampled[15:0] = levels;

	genvar i;
	generate
		for (i = 0; i < 16; i = i + 1) begin : output_pin
			wire [7:0] select = pin[8 * i +: 8];
			wire [63:0] o = {{64 - `FUNCTIONS{1'b0}},
				function_o[`FUNCTIONS * i +: `FUNCTIONS]};
			wire [63:0] oe = {{64 - `FUNCTIONS{1'b0}},
				function_oe[`FUNCTIONS * i +: `FUNCTIONS]};
			reg level, driven, open_drain;
			reg [`CLOCKS - 1:0] is_clock;
			integer k;

			// A function beyond the last one is not driven, so
			// that the higher bits do not matter.
			always @*
				for (k = 0; k < `CLOCKS; k = k + 1)
					is_clock[k] = select[SELECT - 1:0] ==
						CLOCK_FUNCTIONS[8 * k +: SELECT];

			initial {level, driven, open_drain} = 0;
			always @(posedge clk) begin
				level <= o[select[5:0]] ^ select[6];
				driven <= oe[select[5:0]];
				open_drain <= select[7];
				pin_o[i] <= level;
				pin_o_late[i] <= pin_o[i] ^
					((is_clock & turn) != 0);
				pin_oe[i] <= driven & !(open_drain & level);
			end
		end

		for (i = 0; i < `CLOCKS; i = i + 1) begin : clock
			reg [15:0] taken;

			initial taken = 0;
			always @(posedge clk)
				taken <= clock_late[i] ? pad_i_late : pad_i;
			assign sampled[16 * (i + 1) +: 16] = taken;
		end

		for (i = 0; i < `INPUTS; i = i + 1) begin : core_input
			wire [7:0] select = input_select[8 * i +: 8];
			wire [15:0] from =
				sampled[16 * INPUT_CLOCKS[8 * i +: 8] +: 16];
			wire unused_bits = &select[5:4];

			always @(posedge clk)
				inputs[i] <= (from[select[3:0]] & select[7]) ^
					select[6];
		end
	endgenerate

endmodule
