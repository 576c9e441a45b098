// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The FX2's end of I2C, bit by bit at 400 kHz.  Uses clk, scl, sda_high and
// sda (the level of the wire), and returns acknowledged and data.

reg acknowledged;
reg [7:0] data;
integer bit_index;

task quarter;
	repeat (30) @(posedge clk);
endtask

task i2c_start;
	begin
		sda_high = 1;
		quarter;
		scl = 1;
		quarter;
		sda_high = 0;
		quarter;
		scl = 0;
		quarter;
	end
endtask

task i2c_stop;
	begin
		sda_high = 0;
		quarter;
		scl = 1;
		quarter;
		sda_high = 1;
		quarter;
	end
endtask

task i2c_bit(input value);
	begin
		sda_high = value;
		quarter;
		scl = 1;
		quarter;
		data = {data[6:0], sda};
		quarter;
		scl = 0;
		quarter;
	end
endtask

task i2c_write(input [7:0] value);
	begin
		for (bit_index = 7; bit_index >= 0; bit_index = bit_index - 1)
			i2c_bit(value[bit_index]);
		i2c_bit(1);
		acknowledged = !data[0];
	end
endtask

task i2c_read(input last);
	reg [7:0] value;
	begin
		for (bit_index = 0; bit_index < 8; bit_index = bit_index + 1)
			i2c_bit(1);
		value = data;
		i2c_bit(last);
		data = value;
	end
endtask

// Writes and reads a register as the firmware does.
task write_reg(input [7:0] address, input [7:0] value);
	begin
		i2c_start;
		i2c_write(8'h10);
		i2c_write(address);
		i2c_write(value);
		i2c_stop;
	end
endtask

task read_begin(input [7:0] address);
	begin
		i2c_start;
		i2c_write(8'h10);
		i2c_write(address);
		i2c_start;
		i2c_write(8'h11);
	end
endtask

task read_reg(input [7:0] address);
	begin
		read_begin(address);
		i2c_read(1);
		i2c_stop;
	end
endtask

task read_word(input [7:0] address, output [31:0] word);
	begin
		read_begin(address);
		i2c_read(0);
		word[7:0] = data;
		i2c_read(0);
		word[15:8] = data;
		i2c_read(0);
		word[23:16] = data;
		i2c_read(1);
		word[31:24] = data;
		i2c_stop;
	end
endtask
