// SPDX-License-Identifier: 0BSD OR Apache-2.0

// A bench of the whole image on the FX2's bus: +test=NAME runs one of the
// tests at the end.  It prints "passed" or a reason; the exit status is that
// of the simulator.

`default_nettype none
`timescale 1ns/1ns
`include "regs.vh"

module bench;

	reg clk;
	reg scl, sda_high;
	wire sda_low, alert_low;
	wire sda = sda_high & !sda_low;
	wire [3:0] flag;
	wire [7:0] fd_i, fd_o;
	wire [7:0] fd_oe;
	wire sloe, slrd, slwr, pktend;
	wire [1:0] fifoadr;
	wire [15:0] port_o, port_oe;
	reg [15:0] port_i;

	initial begin
		clk = 0;
		scl = 1;
		sda_high = 1;
		port_i = 0;
	end
	always #10 clk = !clk;

	twin twin (
		.clk_if(clk), .fx2_flag(flag), .fx2_fd_i(fd_i),
		.fx2_fd_o(fd_o), .fx2_fd_oe(fd_oe), .fx2_fifoadr(fifoadr),
		.fx2_sloe(sloe), .fx2_slrd(slrd), .fx2_slwr(slwr),
		.fx2_pktend(pktend),
		.i2c_scl(scl), .i2c_sda_i(sda), .i2c_sda_low(sda_low),
		.alert_low(alert_low),
		.port_i(port_i), .port_o(port_o), .port_oe(port_oe)
	);

	fx2 fx2 (
		.clk(clk), .flag(flag), .fd_i(fd_i), .fd_o(fd_o), .fd_oe(|fd_oe),
		.fifoadr(fifoadr), .sloe(sloe), .slrd(slrd), .slwr(slwr),
		.pktend(pktend)
	);

	`include "i2c-host.vh"

	localparam EP2 = 0, EP4 = 1, EP6 = 2, EP8 = 3;
	localparam BENCHMARK = 1, BASE = 8'h50;
	localparam SOURCE = 1, SINK = 2, LOOPBACK = 3;

	integer failures;
	integer i, j;
	reg [31:0] word;
	reg [7:0] table_entries [0:16 * `CORES - 1];

	task check(input good, input [8 * 60 - 1:0] what);
		if (!good) begin
			failures = failures + 1;
			if (failures < 10)
				$display("not so: %0s", what);
		end
	endtask

	task expect_reg(input [7:0] address, input [7:0] value);
		begin
			read_reg(address);
			if (data !== value)
				$display("register %h: %h, not %h", address,
					data, value);
			check(data === value, "a register reads as expected");
		end
	endtask

	task wait_cycles(input integer n);
		repeat (n) @(posedge clk);
	endtask

	// Resets all pipes but the given ones, as the firmware does.
	task run(input [1:0] mode, input [3:0] pipes);
		begin
			write_reg(BASE, {6'd0, mode});
			for (i = 0; i < 4; i = i + 1)
				write_reg(`REG_STREAM + i[7:0],
					pipes[i] ? BENCHMARK : 0);
			write_reg(`REG_PIPE_RESET, ~{4'hf, pipes});
		end
	endtask

	task restart(input [3:0] pipes);
		begin
			fx2.feeding = 0;
			fx2.taking = 0;
			write_reg(`REG_PIPE_RESET, 8'h0f);
			fx2.reset = 3;
			wait_cycles(2);
			write_reg(`REG_PIPE_RESET, ~{4'hf, pipes});
		end
	endtask

	// Waits until the host has all bytes that are on their way, for at
	// most n cycles.
	task drain(input integer n);
		integer last_sum, left;
		begin
			left = n;
			last_sum = -1;
			while (last_sum != fx2.got[0] + fx2.moved_out[0] & left > 0)
			begin
				last_sum = fx2.got[0] + fx2.moved_out[0];
				wait_cycles(8192);
				left = left - 8192;
			end
		end
	endtask

	`include "bench-registers.vh"
	`include "bench-streams.vh"

	reg [8 * 32 - 1:0] name;

	initial begin
		failures = 0;
		if (!$value$plusargs("test=%s", name))
			name = "";
		wait_cycles(10);
		case (name)
		"registers": test_registers;
		"table": test_table;
		"refusals": test_refusals;
		"tear": test_tear;
		"pins": test_pins;
		"source": test_source;
		"sink": test_sink;
		"wrong-byte": test_wrong_byte;
		"loopback": test_loopback;
		"flush": test_flush;
		"reset": test_reset;
		default: check(0, "there is such a test");
		endcase
		check(fx2.errors == 0, "the rules of the bus were kept");
		if (failures != 0)
			$display("FAILED: %0s", name);
		else
			$display("passed: %0s, %0d cycles", name, fx2.cycle);
		$finish;
	end

endmodule
