// SPDX-License-Identifier: 0BSD OR Apache-2.0

// 512 bytes between two streams of one clock, in one block RAM.  A byte that
// goes in is valid at the other end two cycles later.

`default_nettype none

module fifo (
	input wire clk,
	input wire rst,

	input wire [7:0] in_data,
	input wire in_valid,
	output wire in_ready,

	output reg [7:0] out_data,
	output reg out_valid,
	input wire out_ready,

	output reg [9:0] level
);

	// What is read in the cycle in which it is written is never used.
	(* no_rw_check *)
	reg [7:0] memory [0:511];
	reg [9:0] head;
	reg [9:0] after; // the place after head
	reg [9:0] tail;

	// out_ready comes late: all that depends on it is a choice.
	wire push = in_valid & in_ready;
	wire pop = out_valid & out_ready;
	wire [9:0] next_head = pop ? after : head;

	assign in_ready = !level[9];

	initial begin
		head = 0;
		after = 1;
		tail = 0;
		level = 0;
		out_valid = 0;
	end

	always @(posedge clk) begin
		if (push)
			memory[tail[8:0]] <= in_data;
		out_data <= memory[next_head[8:0]];
	end

	always @(posedge clk) begin
		if (rst) begin
			head <= 0;
			after <= 1;
			tail <= 0;
			level <= 0;
			out_valid <= 0;
		end else begin
			head <= next_head;
			if (pop)
				after <= after + 1;
			tail <= tail + {9'd0, push};
			level <= level + {9'd0, push} - {9'd0, pop};
			// The RAM has what was written up to the last cycle.
			out_valid <= pop ? after != tail : head != tail;
		end
	end

endmodule
