// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The I2C target: takes SCL and SDA, gives the bytes that were written to the
// address, and fetches those to be read.  It never stretches the clock.

`default_nettype none

module i2c #(
	parameter [6:0] ADDRESS = 7'h08
) (
	input wire clk,
	input wire scl_in,
	input wire sda_in,
	output reg sda_low, // pull SDA down

	output reg start,      // one cycle: addressed, for writing or reading
	output reg write,      // one cycle: byte has come,
	output wire [7:0] byte_in,
	input wire accept,     // is it acknowledged?  Asked while write is high
	output reg read,       // one cycle: have the next byte ready; 20 cycles
	input wire [7:0] byte_out
);

	localparam IDLE = 3'd0, ADDRESSED = 3'd1, ADDRESSED_ACK = 3'd2,
		WRITE = 3'd3, WRITE_ACK = 3'd4, READ = 3'd5, READ_ACK = 3'd6;

	// Two flip-flops, and three samples that agree: no spike up to 40 ns.
	reg [4:0] scl_seen;
	reg [4:0] sda_seen;
	reg scl, scl_last, sda, sda_last;

	reg [2:0] state;
	reg [3:0] bits; // of this byte that SCL has sampled
	reg [7:0] shift;
	reg more; // the host acknowledged

	wire rise = scl & !scl_last;
	wire fall = !scl & scl_last;
	wire begins = scl & scl_last & !sda & sda_last;
	wire ends = scl & scl_last & sda & !sda_last;

	assign byte_in = shift;

	initial begin
		scl_seen = 5'h1f;
		sda_seen = 5'h1f;
		{scl, scl_last, sda, sda_last} = 4'hf;
		state = IDLE;
		bits = 0;
		shift = 0;
		more = 0;
		sda_low = 0;
		start = 0;
		write = 0;
		read = 0;
	end

	always @(posedge clk) begin
		scl_seen <= {scl_seen[3:0], scl_in};
		sda_seen <= {sda_seen[3:0], sda_in};
		if (scl_seen[4:2] == 3'b000 | scl_seen[4:2] == 3'b111)
			scl <= scl_seen[4];
		if (sda_seen[4:2] == 3'b000 | sda_seen[4:2] == 3'b111)
			sda <= sda_seen[4];
		scl_last <= scl;
		sda_last <= sda;
	end

	always @(posedge clk) begin
		start <= 0;
		write <= 0;
		read <= 0;

		if (begins) begin
			state <= ADDRESSED;
			bits <= 0;
			sda_low <= 0;
		end else if (ends) begin
			state <= IDLE;
			sda_low <= 0;
		end else if (rise) begin
			bits <= bits + 1;
			if (state == ADDRESSED | state == WRITE)
				shift <= {shift[6:0], sda};
			if (state == READ_ACK) begin
				more <= !sda;
				read <= !sda;
			end
		end else if (fall) begin
			case (state)
			ADDRESSED: if (bits[3]) begin
				start <= shift[7:1] == ADDRESS;
				read <= shift[7:1] == ADDRESS & shift[0];
				sda_low <= shift[7:1] == ADDRESS;
				state <= shift[7:1] == ADDRESS ? ADDRESSED_ACK :
					IDLE;
			end
			WRITE: if (bits[3]) begin
				write <= 1;
				state <= WRITE_ACK;
			end
			ADDRESSED_ACK: begin
				bits <= 0;
				sda_low <= shift[0] & !byte_out[7];
				shift <= byte_out;
				state <= shift[0] ? READ : WRITE;
			end
			WRITE_ACK: begin
				bits <= 0;
				sda_low <= 0;
				state <= WRITE;
			end
			READ: if (bits[3]) begin
				sda_low <= 0;
				state <= READ_ACK;
			end else begin
				sda_low <= !shift[6];
				shift <= {shift[6:0], 1'b0};
			end
			READ_ACK: begin
				bits <= 0;
				sda_low <= more & !byte_out[7];
				shift <= byte_out;
				state <= more ? READ : IDLE;
			end
			default: ;
			endcase
		end else if (write) begin
			sda_low <= accept;
			if (!accept)
				state <= IDLE;
		end
	end

endmodule
