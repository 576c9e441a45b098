// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The gateware's end of an IN pipe: takes a stream, holds it for the bridge,
// and knows when the packet that lies open in the FX2 must be closed.

`default_nettype none

module in_pipe (
	input wire clk,
	input wire rst,
	input wire [15:0] idle, // cycles
	input wire flush,       // one cycle: close what is there

	input wire [7:0] in_data,
	input wire in_valid,
	output wire in_ready,
	output wire in_room, // for 32 bytes

	output wire [7:0] data,
	output wire valid,
	input wire take,  // SLWR
	input wire close, // PKTEND
	output wire full, // the packet in the FX2
	output wire due   // close it, though it is not full
);

	wire [9:0] level;

	fifo fifo (
		.clk(clk), .rst(rst), .level(level),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
		.out_data(data), .out_valid(valid), .out_ready(take)
	);

	reg [9:0] queued; // bytes in the FX2's open packet
	reg pending;      // bytes, or a full packet, that no short one ended
	reg flushing;
	reg [15:0] quiet; // cycles since a byte was offered
	reg expired;
	wire empty = level == 0;

	assign in_room = !level[9] & !(&level[8:5]);
	assign full = queued[9];
	assign due = pending & empty & (flushing | expired);

	initial begin
		queued = 0;
		pending = 0;
		flushing = 0;
		quiet = 0;
		expired = 0;
	end

	always @(posedge clk) begin
		expired <= quiet >= idle;
		if (in_valid | rst)
			quiet <= 0;
		else if (!(&quiet))
			quiet <= quiet + 1;
	end

	always @(posedge clk) begin
		if (rst) begin
			queued <= 0;
			pending <= 0;
			flushing <= 0;
		end else begin
			if (close)
				queued <= 0;
			else if (take)
				queued <= queued + 1;

			if (take)
				pending <= 1;
			else if (close & !full)
				pending <= 0;

			if (flush)
				flushing <= 1;
			else if ((close & !full) | (!pending & empty))
				flushing <= 0;
		end
	end

endmodule
