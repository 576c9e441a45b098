// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests of the benchmark core through the bridge and the switch.
// test-image-stress.c tests it with many bytes.

localparam FULL_IN = 518, FULL_OUT = 518;

task test_source;
	begin
		fx2.taking = 1;
		fx2.checking_sequence = 1;
		run(SOURCE, 4'b0100);
		wait_cycles(60000);
		$display("source: %0d cycles a packet", fx2.full_in[0]);
		check(fx2.full_in[0] == FULL_IN, "cycles of a full IN packet");
		check(fx2.got[0] > 55000, "bytes have come");
		check(fx2.packets[0] * 512 == fx2.got[0], "in full packets");
	end
endtask

task test_sink;
	begin
		fx2.sequential = 1;
		fx2.limit[0] = 32768;
		run(SINK, 4'b0001);
		fx2.feeding = 1;
		wait_cycles(25000);
		$display("sink: %0d cycles a packet", fx2.full_out[0]);
		check(fx2.full_out[0] == FULL_OUT, "cycles of a full OUT packet");
		drain(60000);
		expect_reg(BASE + 1, 0);
		read_word(BASE + 4, word);
		check(word === 32768, "all bytes are counted");
	end
endtask

task test_wrong_byte;
	begin
		fx2.sequential = 1;
		fx2.limit[0] = 5000;
		fx2.bad_at = 3333;
		run(SINK, 4'b0001);
		fx2.feeding = 1;
		drain(100000);
		expect_reg(BASE + 1, 1);
		read_word(BASE + 4, word);
		check(word === 5000, "all bytes are counted");
		read_word(BASE + 8, word);
		check(word === 3333, "the first wrong byte's place");
		// The window must have the bytes from there on, which are
		// still in the buffer.
		for (j = 0; j < 8; j = j + 1)
			expect_reg(BASE + 16 + j[7:0],
				fx2.out_data[(3333 + j) % 2048]);
		restart(4'b0001);
		expect_reg(BASE, SINK);
		expect_reg(BASE + 1, 0);
		read_word(BASE + 4, word);
		check(word === 0, "a reset clears");
		read_word(BASE + 16, word);
		check(word === 0, "the window too");
	end
endtask

task test_loopback;
	begin
		fx2.limit[0] = 32768;
		fx2.taking = 1;
		run(LOOPBACK, 4'b0101);
		fx2.feeding = 1;
		wait_cycles(60000);
		$display("loopback: %0d cycles a packet in and one out",
			fx2.full_in[0]);
		check(fx2.full_in[0] <= FULL_IN + FULL_OUT,
			"cycles of a packet in and one out");
		drain(60000);
		check(fx2.got[0] == 32768, "all has come back");
		check(fx2.empty_packets[0] == 1 & fx2.last_size[0] == 0,
			"a full packet was followed by an empty one");
		read_word(BASE + 4, word);
		check(word === 32768, "and was counted");
	end
endtask

// Bytes that do not fill a packet are sent by a flush, or after the idle time.
task test_flush;
	integer began;
	begin
		fx2.taking = 1;
		fx2.feeding = 1;
		fx2.limit[0] = 100;
		run(LOOPBACK, 4'b0101);
		began = fx2.cycle;
		wait_cycles(3000);
		check(fx2.got[0] == 0, "100 bytes wait");
		while (fx2.got[0] == 0 & fx2.cycle < began + 10000)
			wait_cycles(1);
		$display("idle flush after %0d cycles", fx2.cycle - began);
		check(fx2.got[0] == 100, "for the idle time");
		check(fx2.cycle - began > 5500 & fx2.cycle - began < 6500,
			"of 6000 cycles");

		fx2.limit[0] = 150;
		wait_cycles(1000);
		check(fx2.got[0] == 100, "50 more wait");
		write_reg(`REG_FLUSH, 8'h01);
		wait_cycles(20);
		check(fx2.got[0] == 150, "until a flush");
		check(fx2.packets[0] == 2, "which makes one packet");

		// A flush without bytes sends nothing, now or later.
		write_reg(`REG_FLUSH, 8'h01);
		wait_cycles(1000);
		fx2.limit[0] = 160;
		wait_cycles(1000);
		check(fx2.packets[0] == 2, "a flush of nothing is forgotten");
		wait_cycles(7000);
		check(fx2.packets[0] == 3 & fx2.got[0] == 160, "idle time");

		// An idle time that is set while bytes wait applies at once.
		i2c_start;
		i2c_write(8'h10);
		i2c_write(`REG_IDLE_FLUSH);
		i2c_write(8'hff);
		i2c_write(8'hff);
		i2c_stop;
		fx2.limit[0] = 170;
		wait_cycles(9000);
		check(fx2.packets[0] == 3, "65535 cycles have not passed");
		i2c_start;
		i2c_write(8'h10);
		i2c_write(`REG_IDLE_FLUSH);
		i2c_write(8'hc0);
		i2c_write(8'h00);
		i2c_stop;
		wait_cycles(20);
		check(fx2.packets[0] == 4 & fx2.got[0] == 170, "192 have");

		// A flush after a full packet sends an empty one, once.
		fx2.limit[0] = 170 + 512;
		wait_cycles(3000);
		check(fx2.got[0] == 682 & fx2.empty_packets[0] == 1,
			"a full packet, then an empty one");
		write_reg(`REG_FLUSH, 8'h01);
		wait_cycles(8000);
		check(fx2.empty_packets[0] == 1, "and no second one");
	end
endtask

// Pipes are reset in the middle of a stream, 16 times.
task test_reset;
	begin
		fx2.checking_sequence = 1;
		run(SOURCE, 4'b0100);
		for (j = 0; j < 8; j = j + 1) begin
			fx2.taking = 1;
			wait_cycles(500 + j * 159);
			restart(4'b0100);
			check(fx2.in_fill[0] < 512, "no stale bytes");
		end
		fx2.taking = 1;
		wait_cycles(2000);
		check(fx2.got[0] > 0, "the source goes on");

		write_reg(`REG_PIPE_RESET, 8'h0f);
		fx2.checking_sequence = 0;
		run(LOOPBACK, 4'b0101);
		for (j = 0; j < 8; j = j + 1) begin
			restart(4'b0101);
			fx2.taking = 1;
			fx2.feeding = 1;
			wait_cycles(700 + j * 351);
		end
		check(fx2.got[0] > 0, "the loop goes on");
	end
endtask
