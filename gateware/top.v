// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The universal image in a Glasgow revC: balls and pads, and image.v between
// them.

`default_nettype none

module top (
	input wire clk_if, // 48 MHz, from the FX2

	input wire [3:0] fx2_flag,
	inout wire [7:0] fx2_fd,
	output wire [1:0] fx2_fifoadr,
	output wire fx2_sloe, // active low, these four
	output wire fx2_slrd,
	output wire fx2_slwr,
	output wire fx2_pktend,

	input wire i2c_scl,
	inout wire i2c_sda,
	inout wire alert, // nALERT, which the ADCs pull down as well

	inout wire [15:0] port_io,  // A0 to A7, B0 to B7
	output wire [15:0] port_oe, // their level shifters: 1 = to the pin
	output wire sync_oe,
	input wire [1:0] shared // hang on balls of a port as well
);

	wire clk;
	wire [3:0] flag;
	wire [7:0] fd_in;
	wire [7:0] fd_out;
	wire [1:0] faddr;
	wire fd_oe, sloe, slrd, slwr, pktend;
	wire sda_in, sda_low, alert_low, unused_alert;
	wire [15:0] pin_o;
	wire [15:0] pin_o_late;
	wire [15:0] pin_oe;
	wire [15:0] pin_i;
	wire [15:0] pin_i_late;

	image image (
		.clk(clk),
		.flag(flag), .fd_in(fd_in), .fd_out(fd_out), .fd_oe(fd_oe),
		.faddr(faddr), .sloe(sloe), .slrd(slrd), .slwr(slwr),
		.pktend(pktend),
		.scl_in(i2c_scl), .sda_in(sda_in), .sda_low(sda_low),
		.alert_low(alert_low),
		.pin_o(pin_o), .pin_o_late(pin_o_late), .pin_oe(pin_oe),
		.pin_i(pin_i), .pin_i_late(pin_i_late)
	);

	pad_clock pad_clk (.ball(clk_if), .clk(clk));
	pad_in pad_flag [3:0] (.clk(clk), .ball(fx2_flag), .i(flag));
	pad_bus pad_fd [7:0] (.clk(clk), .o(fd_out), .oe(fd_oe), .i(fd_in),
		.ball(fx2_fd));
	pad_out pad_fifoadr [1:0] (.clk(clk), .o(faddr), .ball(fx2_fifoadr));
	pad_strobe pad_sloe (.clk(clk), .o(sloe), .ball(fx2_sloe));
	pad_strobe pad_slrd (.clk(clk), .o(slrd), .ball(fx2_slrd));
	pad_strobe pad_slwr (.clk(clk), .o(slwr), .ball(fx2_slwr));
	pad_strobe pad_pktend (.clk(clk), .o(pktend), .ball(fx2_pktend));

	pad_open_drain pad_sda (.low(sda_low), .i(sda_in), .ball(i2c_sda));
	pad_open_drain pad_alert (.low(alert_low), .i(unused_alert),
		.ball(alert));

	pad_port pad_port [15:0] (.clk(clk), .o(pin_o), .o_late(pin_o_late),
		.oe(pin_oe), .i(pin_i), .i_late(pin_i_late), .ball(port_io));
	pad_out pad_oe [15:0] (.clk(clk), .o(pin_oe), .ball(port_oe));

	// A ball that nothing drives has a pull-up: here it would turn the
	// level shifter of the SYNC connector outwards.
	assign sync_oe = 1'b0;

	pad_idle pad_shared [1:0] (.ball(shared));

endmodule
