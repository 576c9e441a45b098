// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Clyde's universal image for Glasgow revC: the balls, their pads, and the
// parts between them.

`default_nettype none
`include "regs.vh"

module top (
	input wire clk_if, // 48 MHz, from the FX2

	input wire [3:0] fx2_flag,
	inout wire [7:0] fx2_fd,
	output wire [1:0] fx2_fifoadr,
	output wire fx2_sloe, // these four are active low
	output wire fx2_slrd,
	output wire fx2_slwr,
	output wire fx2_pktend,

	input wire i2c_scl,
	inout wire i2c_sda,
	inout wire alert, // nALERT, which the ADCs pull down as well

	inout wire [15:0] port_io,  // A0 to A7, B0 to B7
	output wire [15:0] port_oe, // their level shifters: 1 = to the pin
	output wire sync_oe,
	input wire [1:0] shared // balls that hang on port pins as well
);

	wire clk = clk_if;

	// The FX2's bus.
	wire [3:0] flag;
	wire [7:0] fd_in;
	wire [7:0] fd_out;
	wire [1:0] faddr;
	wire fd_oe, sloe, slrd, slwr, pktend;

	pad_in pad_flag [3:0] (.clk(clk), .ball(fx2_flag), .i(flag));
	pad_bus pad_fd [7:0] (.clk(clk), .o(fd_out), .oe(fd_oe), .i(fd_in),
		.ball(fx2_fd));
	pad_out pad_fifoadr [1:0] (.clk(clk), .o(faddr), .ball(fx2_fifoadr));
	pad_strobe pad_sloe (.clk(clk), .o(sloe), .ball(fx2_sloe));
	pad_strobe pad_slrd (.clk(clk), .o(slrd), .ball(fx2_slrd));
	pad_strobe pad_slwr (.clk(clk), .o(slwr), .ball(fx2_slwr));
	pad_strobe pad_pktend (.clk(clk), .o(pktend), .ball(fx2_pktend));

	wire [3:0] pipe_reset;
	wire [1:0] flush;
	wire [31:0] idle;
	wire [15:0] out_data;
	wire [1:0] out_valid;
	wire [1:0] out_ready;
	wire [15:0] in_data;
	wire [1:0] in_valid;
	wire [1:0] in_ready;

	bridge bridge (
		.clk(clk), .rst(pipe_reset), .idle(idle), .flush(flush),
		.flag(flag), .fd_in(fd_in), .fd_out(fd_out), .fd_oe(fd_oe),
		.faddr(faddr), .sloe(sloe), .slrd(slrd), .slwr(slwr),
		.pktend(pktend),
		.out_data(out_data), .out_valid(out_valid),
		.out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready)
	);

	// Registers.
	wire sda_in, sda_low, alert_low;
	wire start, write, accept, read;
	wire [7:0] byte_in;
	wire [7:0] byte_out;
	wire [15:0] stream;
	wire [8 * 16 - 1:0] pin;
	wire [8 * `INPUTS - 1:0] input_select;
	wire [`CORES - 1:0] alert_set;
	wire [7:0] core_addr;
	wire [7:0] core_data;
	wire core_write;
	wire [31:0] core_q;

	pad_open_drain pad_sda (.low(sda_low), .i(sda_in), .ball(i2c_sda));

	wire unused_alert;
	pad_open_drain pad_alert (.low(alert_low), .i(unused_alert),
		.ball(alert));

	i2c i2c (
		.clk(clk), .scl_in(i2c_scl), .sda_in(sda_in), .sda_low(sda_low),
		.start(start), .write(write), .byte_in(byte_in),
		.accept(accept), .read(read), .byte_out(byte_out)
	);

	registers registers (
		.clk(clk),
		.i2c_start(start), .i2c_write(write), .i2c_byte(byte_in),
		.i2c_accept(accept), .i2c_read(read), .i2c_data(byte_out),
		.pipe_reset(pipe_reset), .flush(flush), .idle(idle),
		.stream(stream), .pin(pin), .input_select(input_select),
		.alert_set(alert_set), .alert(alert_low),
		.core_addr(core_addr), .core_write(core_write),
		.core_data(core_data), .core_q(core_q)
	);

	// The cores, between pipes and pins.
	wire [`CORES - 1:0] core_rst;
	wire [8 * `CORES - 1:0] core_out_data;
	wire [`CORES - 1:0] core_out_valid;
	wire [`CORES - 1:0] core_out_ready;
	wire [8 * `CORES - 1:0] core_in_data;
	wire [`CORES - 1:0] core_in_valid;
	wire [`CORES - 1:0] core_in_ready;
	wire [16 * `FUNCTIONS - 1:0] function_o;
	wire [16 * `FUNCTIONS - 1:0] function_oe;
	wire [15:0] levels;
	wire [`INPUTS - 1:0] inputs;

	switch switch (
		.clk(clk), .pipe_reset(pipe_reset), .stream(stream),
		.out_data(out_data), .out_valid(out_valid),
		.out_ready(out_ready),
		.in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
		.core_rst(core_rst),
		.core_out_data(core_out_data), .core_out_valid(core_out_valid),
		.core_out_ready(core_out_ready),
		.core_in_data(core_in_data), .core_in_valid(core_in_valid),
		.core_in_ready(core_in_ready)
	);

	cores cores (
		.clk(clk), .rst(core_rst),
		.reg_addr(core_addr), .reg_write(core_write),
		.reg_data(core_data), .reg_q(core_q),
		.out_data(core_out_data), .out_valid(core_out_valid),
		.out_ready(core_out_ready),
		.in_data(core_in_data), .in_valid(core_in_valid),
		.in_ready(core_in_ready),
		.alert(alert_set),
		.function_o(function_o), .function_oe(function_oe),
		.levels(levels), .inputs(inputs)
	);

	wire [15:0] pin_o;
	wire [15:0] pin_oe;
	wire [15:0] pin_i;

	pinmux pinmux (
		.clk(clk), .pin(pin), .input_select(input_select),
		.function_o(function_o), .function_oe(function_oe),
		.pin_o(pin_o), .pin_oe(pin_oe),
		.pad_i(pin_i), .levels(levels), .inputs(inputs)
	);

	pad_port pad_port [15:0] (.clk(clk), .o(pin_o), .oe(pin_oe), .i(pin_i),
		.ball(port_io));
	pad_out pad_oe [15:0] (.clk(clk), .o(pin_oe), .ball(port_oe));

	pad_idle pad_shared [1:0] (.ball(shared));

	// High, as a pull-up would make it, it drives the SYNC connector.
	assign sync_oe = 1'b0;

endmodule
