// SPDX-License-Identifier: 0BSD OR Apache-2.0

// A bitstream that is not Clyde's: the firmware's registers, of which the health
// register reads HEALTH, and one of its own, 0x03, that keeps what is written.
// tests/cli/test_netlist.py runs it.

`default_nettype none

module other #(
	parameter [7:0] HEALTH = 8'ha5
) (
	input wire clk_if,
	input wire i2c_scl,
	inout wire i2c_sda,
	output wire fx2_sloe,
	output wire fx2_slrd,
	output wire fx2_slwr,
	output wire fx2_pktend
);

	wire clk, sda_in, sda_low, start, write, accept, read;
	wire [7:0] byte_in;
	reg [7:0] byte_out, address, scratch;
	reg [3:0] pipe_reset;
	reg addressing;

	SB_GB_IO #(.PIN_TYPE(6'b000001)) pad_clk (
		.PACKAGE_PIN(clk_if), .GLOBAL_BUFFER_OUTPUT(clk)
	);
	SB_IO #(.PIN_TYPE(6'b101001)) pad_sda (
		.PACKAGE_PIN(i2c_sda), .D_OUT_0(1'b0), .OUTPUT_ENABLE(sda_low),
		.D_IN_0(sda_in)
	);
	i2c i2c (
		.clk(clk), .scl_in(i2c_scl), .sda_in(sda_in), .sda_low(sda_low),
		.start(start), .write(write), .byte_in(byte_in), .accept(accept),
		.read(read), .byte_out(byte_out)
	);

	assign {fx2_sloe, fx2_slrd, fx2_slwr, fx2_pktend} = 4'hf;
	assign accept = addressing ? byte_in < 4 : address < 4;

	initial begin
		address = 0;
		scratch = 0;
		pipe_reset = 4'hf;
		addressing = 0;
	end

	always @(posedge clk) begin
		if (start)
			addressing <= 1;
		if (write) begin
			addressing <= 0;
			address <= addressing ? byte_in : address + 8'd1;
			if (!addressing & address == 1)
				pipe_reset <= byte_in[3:0];
			if (!addressing & address == 3)
				scratch <= byte_in;
		end
		if (read) begin
			address <= address + 8'd1;
			case (address)
			0: byte_out <= HEALTH;
			1: byte_out <= {4'd0, pipe_reset};
			3: byte_out <= scratch;
			default: byte_out <= 0;
			endcase
		end
	end

endmodule
