// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The stream switch: leads two pipes from the host and two to it to and from
// the cores that REG_STREAM names.  Where both pipes of a direction name the
// same core, the first (EP2, EP6) has it and the other is led nowhere.

`default_nettype none
`include "regs.vh"

module switch (
	input wire clk,
	input wire [3:0] pipe_reset,
	input wire [15:0] stream,

	input wire [15:0] out_data,
	input wire [1:0] out_valid,
	output wire [1:0] out_ready,
	output wire [15:0] in_data,
	output wire [1:0] in_valid,
	input wire [1:0] in_ready,
	input wire [1:0] in_room,
	output wire [1:0] in_flush,

	output reg [`CORES - 1:0] core_rst,
	output wire [8 * `CORES - 1:0] core_out_data,
	output wire [`CORES - 1:0] core_out_valid,
	input wire [`CORES - 1:0] core_out_ready,
	input wire [8 * `CORES - 1:0] core_in_data,
	input wire [`CORES - 1:0] core_in_valid,
	output wire [`CORES - 1:0] core_in_ready,
	output wire [`CORES - 1:0] core_in_room,
	input wire [`CORES - 1:0] core_in_flush
);

	wire [4 * `CORES - 1:0] at; // core i is at pipe 4 * i + ...

	genvar i, j;
	generate
		for (i = 0; i < `CORES; i = i + 1) begin : core
			wire [3:0] named;

			for (j = 0; j < 4; j = j + 1) begin : pipe
				assign named[j] = stream[4 * j +: 4] == i + 1;
			end
			assign at[4 * i +: 4] = {named[3] & !named[2], named[2],
				named[1] & !named[0], named[0]} &
				{4{!core_rst[i]}};

			initial core_rst[i] = 1;
			always @(posedge clk)
				core_rst[i] <= (named & pipe_reset) != 0;

			assign core_out_data[8 * i +: 8] = named[0] ?
				out_data[7:0] : out_data[15:8];
			assign core_out_valid[i] =
				(at[4 * i +: 2] & out_valid) != 0;
			assign core_in_ready[i] =
				(at[4 * i + 2 +: 2] & in_ready) != 0;
			assign core_in_room[i] =
				(at[4 * i + 2 +: 2] & in_room) != 0;
		end

		for (j = 0; j < 2; j = j + 1) begin : pipe
			wire [`CORES - 1:0] taking;
			wire [`CORES - 1:0] giving;

			for (i = 0; i < `CORES; i = i + 1) begin : core
				assign taking[i] = at[4 * i + j];
				assign giving[i] = at[4 * i + 2 + j];
			end
			assign out_ready[j] = (taking & core_out_ready) != 0;
			assign in_valid[j] = (giving & core_in_valid) != 0;
			assign in_flush[j] = (giving & core_in_flush) != 0;

			reg [7:0] data;
			integer k;

			always @* begin
				data = 0;
				for (k = 0; k < `CORES; k = k + 1)
					if (giving[k])
						data = data |
							core_in_data[8 * k +: 8];
			end
			assign in_data[8 * j +: 8] = data;
		end
	endgenerate

endmodule
