// SPDX-License-Identifier: 0BSD OR Apache-2.0

// Tests of the image's registers over I2C.

task test_registers;
	begin
		expect_reg(`REG_HEALTH, `REG_HEALTH_VALUE);
		expect_reg(`REG_PIPE_RESET, 8'h0f);
		expect_reg(`REG_ALERTS, 8'h00);
		check(!alert_low, "no alert is raised");
		expect_reg(`REG_FLUSH, 8'h00);
		read_word(`REG_IDLE_FLUSH, word);
		check(word === {2{`REG_IDLE_DEFAULT}}, "idle times of 125 us");
		expect_reg(`REG_MAP, `REG_MAP_VERSION);
		expect_reg(`REG_CORE_COUNT, `CORES);

		// Registers that keep their values, written and read in one
		// transaction each.
		i2c_start;
		i2c_write(8'h10);
		i2c_write(`REG_PIN);
		for (j = 0; j < 48; j = j + 1) begin
			i2c_write(8'hc0 ^ j[7:0]);
			check(acknowledged, "a register takes a byte");
		end
		i2c_stop;
		read_begin(`REG_PIN);
		for (j = 0; j < 48; j = j + 1) begin
			i2c_read(j == 47);
			check(data === (8'hc0 ^ j[7:0]), "what was written");
		end
		i2c_stop;

		// A read without an address continues where the last one
		// stopped.
		read_begin(`REG_MAP);
		i2c_read(1);
		i2c_stop;
		i2c_start;
		i2c_write(8'h11);
		check(acknowledged, "the address for reading");
		i2c_read(1);
		i2c_stop;
		check(data === `CORES, "the address counts on");

		write_reg(BASE, 8'hff);
		expect_reg(BASE, 8'h03);
		write_reg(`REG_HEALTH, 8'h00);
		expect_reg(`REG_HEALTH, `REG_HEALTH_VALUE);
	end
endtask

task test_table;
	begin
		$readmemh("table.hex", table_entries);
		for (i = 0; i <= 255; i = i + (i <= `CORES ? 1 : 100)) begin
			write_reg(`REG_TABLE_INDEX, i[7:0]);
			expect_reg(`REG_TABLE_INDEX, i[7:0]);
			read_begin(`REG_TABLE);
			for (j = 0; j < 16; j = j + 1) begin
				i2c_read(j == 15);
				check(data === (i >= 1 & i <= `CORES ?
					table_entries[16 * (i - 1) + j] : 0),
					"the table is that of wire/cores.h");
			end
			i2c_stop;
		end
	end
endtask

task test_refusals;
	begin
		i2c_start;
		i2c_write(8'h12);
		check(!acknowledged, "another address is not ours");
		i2c_stop;

		for (j = `REG_COUNT - 2; j < 256; j = j + 7) begin
			i2c_start;
			i2c_write(8'h10);
			check(acknowledged, "our address");
			i2c_write(j[7:0]);
			check(acknowledged == (j < `REG_COUNT),
				"a register out of range is refused");
			i2c_stop;
		end

		i2c_start;
		i2c_write(8'h10);
		i2c_write(`REG_COUNT - 1);
		i2c_write(8'h55);
		check(acknowledged, "the last register");
		i2c_write(8'h55);
		check(!acknowledged, "and the one behind it");
		i2c_stop;
		read_begin(`REG_COUNT - 1);
		i2c_read(0);
		i2c_read(0);
		check(data === 8'h00, "behind the last are zeros");
		i2c_read(1);
		check(data === 8'h00, "and more zeros");
		i2c_stop;

		// A start in the middle of a byte, and spikes on the clock.
		i2c_start;
		i2c_bit(1);
		i2c_bit(0);
		i2c_bit(1);
		expect_reg(`REG_HEALTH, `REG_HEALTH_VALUE);
		i2c_start;
		scl = 1;
		wait_cycles(2);
		scl = 0;
		quarter;
		i2c_write(8'h10);
		check(acknowledged, "a spike of 40 ns is no clock");
		i2c_stop;
	end
endtask

// The counter must not tear: the benchmark counts a byte a cycle while the
// host reads it.
task test_tear;
	reg [31:0] last;
	integer began, was;
	begin
		fx2.taking = 1;
		fx2.checking_sequence = 1;
		run(SOURCE, 4'b0100);
		last = 0;
		was = 0;
		for (j = 0; j < 12; j = j + 1) begin
			read_word(BASE + 4, word);
			began = fx2.cycle;
			check(word > last, "the counter counts");
			check(j == 0 | word - last <= began - was,
				"at most a byte a cycle");
			check(j == 0 | word - last >= (began - was) * 9 / 10,
				"and nearly one");
			last = word;
			was = began;
		end
	end
endtask

// The registers of the multiplexer.  Cores that drive pins have benches of
// their own.
task test_pins;
	begin
		check(port_oe === 16'h0000, "all pins are inputs at the start");
		for (j = 0; j < 16; j = j + 1)
			write_reg(`REG_PIN + j[7:0], 8'h40);
		check(port_oe === 16'h0000, "nothing, inverted, drives nothing");
		for (j = 0; j < 16; j = j + 1)
			write_reg(`REG_PIN + j[7:0], 8'h3f);
		check(port_oe === 16'h0000, "nor does a function that is none");
	end
endtask
