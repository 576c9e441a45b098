// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The universal image for simulation: top.v with its pads' registers in plain
// Verilog, and three signals for a ball that goes both ways.

`default_nettype none

module twin (
	input wire clk_if,

	input wire [3:0] fx2_flag,
	input wire [7:0] fx2_fd_i,
	output reg [7:0] fx2_fd_o,
	output reg [7:0] fx2_fd_oe,
	output reg [1:0] fx2_fifoadr,
	output reg fx2_sloe, // active low, these four
	output reg fx2_slrd,
	output reg fx2_slwr,
	output reg fx2_pktend,

	input wire i2c_scl,
	input wire i2c_sda_i,
	output wire i2c_sda_low,
	output wire alert_low,

	input wire [15:0] port_i,
	output wire [15:0] port_o,
	output reg [15:0] port_oe
);

	wire clk = clk_if;
	reg [3:0] flag_n;
	reg [7:0] fd_n;
	reg [3:0] flag;
	reg [7:0] fd_in;
	reg [15:0] pin_i;
	reg [15:0] pin_i_late;
	reg [15:0] port_first;
	reg [15:0] port_second;
	wire [7:0] fd_out;
	wire [1:0] faddr;
	wire fd_oe, sloe, slrd, slwr, pktend;
	wire [15:0] pin_o;
	wire [15:0] pin_o_late;
	wire [15:0] pin_oe;

	assign port_o = clk ? port_first : port_second;

	image image (
		.clk(clk),
		.flag(flag), .fd_in(fd_in), .fd_out(fd_out), .fd_oe(fd_oe),
		.faddr(faddr), .sloe(sloe), .slrd(slrd), .slwr(slwr),
		.pktend(pktend),
		.scl_in(i2c_scl), .sda_in(i2c_sda_i), .sda_low(i2c_sda_low),
		.alert_low(alert_low),
		.pin_o(pin_o), .pin_o_late(pin_o_late), .pin_oe(pin_oe),
		.pin_i(pin_i), .pin_i_late(pin_i_late)
	);

	initial begin
		fx2_fd_o = 0;
		fx2_fd_oe = 0;
		fx2_fifoadr = 0;
		{fx2_sloe, fx2_slrd, fx2_slwr, fx2_pktend} = 4'hf;
		port_first = 0;
		port_second = 0;
		port_oe = 0;
		flag_n = 0;
		fd_n = 0;
		flag = 0;
		fd_in = 0;
		pin_i = 0;
		pin_i_late = 0;
	end

	always @(negedge clk) begin
		flag_n <= fx2_flag;
		fd_n <= fx2_fd_i;
		pin_i_late <= port_i;
		port_second <= pin_o_late;
	end

	always @(posedge clk) begin
		flag <= flag_n;
		fd_in <= fd_n;
		fx2_fd_o <= fd_out;
		fx2_fd_oe <= {8{fd_oe}};
		fx2_fifoadr <= faddr;
		fx2_sloe <= !sloe;
		fx2_slrd <= !slrd;
		fx2_slwr <= !slwr;
		fx2_pktend <= !pktend;
		pin_i <= port_i;
		port_first <= pin_o;
		port_oe <= pin_oe;
	end

endmodule
