// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The pads, with their registers: SB_IO of the iCE40 (Lattice, "iCE Technology
// Library"), and the same in plain Verilog for linters and simulators.

`default_nettype none

// Drives, from a register.
module pad_out (
	input wire clk,
	input wire o,
	output wire ball
);
`ifdef SYNTHESIS
	SB_IO #(.PIN_TYPE(6'b010101)) pad (
		.PACKAGE_PIN(ball), .OUTPUT_CLK(clk), .D_OUT_0(o)
	);
`else
	reg o_r;

	initial o_r = 0;
	always @(posedge clk)
		o_r <= o;
	assign ball = o_r;
`endif
endmodule

// Drives an active-low strobe: it rests high, from the first moment.
module pad_strobe (
	input wire clk,
	input wire o,
	output wire ball
);
`ifdef SYNTHESIS
	// The register starts as 0: let it hold the strobe as it is, and the
	// pad invert it.
	SB_IO #(.PIN_TYPE(6'b011101)) pad (
		.PACKAGE_PIN(ball), .OUTPUT_CLK(clk), .D_OUT_0(o)
	);
`else
	reg o_r;

	initial o_r = 0;
	always @(posedge clk)
		o_r <= o;
	assign ball = !o_r;
`endif
endmodule

// The clock, from the ball of a global net straight into that net.  The way
// through the fabric to a global buffer is 1.4 ns longer, may differ in every
// build, and makes the FX2 miss PKTEND.  docs/timing.md has the figures.
module pad_clock (
	input wire ball,
	output wire clk
);
`ifdef SYNTHESIS
	SB_GB_IO #(.PIN_TYPE(6'b000001)) pad (
		.PACKAGE_PIN(ball), .GLOBAL_BUFFER_OUTPUT(clk)
	);
`else
	assign clk = ball;
`endif
endmodule

// Takes what is there at the falling edge, seen from the next rising one on.
// The clock reaches the pads' registers up to 2.9 ns after the ball.  So a
// rising edge would take what the FX2 drives after that same edge, when it no
// longer promises the old value and not yet the new one: docs/timing.md.
module pad_in (
	input wire clk,
	input wire ball,
	output reg i
);
	reg i_n;

`ifdef SYNTHESIS
	wire captured;

	SB_IO #(.PIN_TYPE(6'b000000)) pad (
		.PACKAGE_PIN(ball), .INPUT_CLK(clk), .D_IN_1(captured)
	);
	always @*
		i_n = captured;
`else
	initial i_n = 0;
	always @(negedge clk)
		i_n <= ball;
`endif
	initial i = 0;
	always @(posedge clk)
		i <= i_n;
endmodule

// Both, of the FX2's bus.
module pad_bus (
	input wire clk,
	input wire o,
	input wire oe,
	output reg i,
	inout wire ball
);
	reg i_n;

`ifdef SYNTHESIS
	wire captured;

	SB_IO #(.PIN_TYPE(6'b110100)) pad (
		.PACKAGE_PIN(ball), .INPUT_CLK(clk), .OUTPUT_CLK(clk),
		.D_OUT_0(o), .OUTPUT_ENABLE(oe), .D_IN_1(captured)
	);
	always @*
		i_n = captured;
`else
	reg o_r, oe_r;

	initial {o_r, oe_r, i_n} = 0;
	always @(posedge clk) begin
		o_r <= o;
		oe_r <= oe;
	end
	always @(negedge clk)
		i_n <= ball;
	assign ball = oe_r ? o_r : 1'bz;
`endif
	initial i = 0;
	always @(posedge clk)
		i <= i_n;
endmodule

// A pin of a port: a register each way for each half of a cycle.  o is driven
// in the first half of the next cycle, o_late in the second half of the one
// that it is given in.  i is the ball at the last rising edge, i_late the ball
// at the falling edge after that.
module pad_port (
	input wire clk,
	input wire o,
	input wire o_late,
	input wire oe,
	output wire i,
	output wire i_late,
	inout wire ball
);
`ifdef SYNTHESIS
	SB_IO #(.PIN_TYPE(6'b110000), .PULLUP(1'b1)) pad (
		.PACKAGE_PIN(ball), .INPUT_CLK(clk), .OUTPUT_CLK(clk),
		.D_OUT_0(o), .D_OUT_1(o_late), .OUTPUT_ENABLE(oe),
		.D_IN_0(i), .D_IN_1(i_late)
	);
`else
	reg o_r, o_late_r, oe_r, i_r, i_late_r;

	initial {o_r, o_late_r, oe_r, i_r, i_late_r} = 0;
	always @(posedge clk) begin
		o_r <= o;
		oe_r <= oe;
		i_r <= ball;
	end
	always @(negedge clk) begin
		o_late_r <= o_late;
		i_late_r <= ball;
	end
	assign i = i_r;
	assign i_late = i_late_r;
	assign ball = oe_r ? (clk ? o_r : o_late_r) : 1'bz;
`endif
endmodule

// Pulls low or lets go; no register.
module pad_open_drain (
	input wire low,
	output wire i,
	inout wire ball
);
`ifdef SYNTHESIS
	SB_IO #(.PIN_TYPE(6'b101001)) pad (
		.PACKAGE_PIN(ball), .D_OUT_0(1'b0), .OUTPUT_ENABLE(low),
		.D_IN_0(i)
	);
`else
	assign i = ball;
	assign ball = low ? 1'b0 : 1'bz;
`endif
endmodule

// An input that nobody reads: without this it would have a pull-up.
module pad_idle (
	input wire ball
);
`ifdef SYNTHESIS
	wire unused;

	(* keep *)
	SB_IO #(.PIN_TYPE(6'b000001)) pad (.PACKAGE_PIN(ball), .D_IN_0(unused));
`else
	wire unused = ball;
`endif
endmodule
