// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The FX2's slave FIFO bus, between the pads and four pipes: EP2 and EP4 from
// the host (0 and 1), EP6 and EP8 to it (2 and 3).  One pipe has the bus at a
// time, for a burst.
//
// The bus.  The FX2 is a synchronous slave at 48 MHz; the flags are FLAGA and
// FLAGB = EP2 and EP4 not empty, FLAGC and FLAGD = EP6 and EP8 not full, as
// the public firmware sets them (firmware/fx2/fpga.c).  IN endpoints commit on
// PKTEND only (AUTOIN is off), and an empty PKTEND is a zero-length packet.
// What this module drives is registered once in the pads, and what it sees is
// captured there on the falling edge and registered once more, as upstream's
// gateware/fx2_crossbar.py explains.  So, if SLRD is decided in cycle t, the
// ball has it in t + 1, the FX2 takes the byte at the edge that begins t + 2,
// and that byte, with the flag that says whether it was one, is here in t + 2.
// A flag that changes because of a strobe decided in t is here in t + 3.
//
// A burst of n bytes:
//	SWITCH	1 cycle: the next ready pipe after the last one, round robin
//	DRIVE	1 cycle: FADDR is out; SLOE, or the data pads, go on
//	SETUP	1 cycle
//	MOVE	n cycles with SLRD or SLWR, and the cycle that ends it
// That is n + 4 cycles.  The pipe itself is not granted again in the 2 cycles
// after that, in which its flag is old: n + 6, for a full packet 518.  Another
// pipe that is ready is granted at once.  While no pipe is ready the bridge
// stays in SWITCH, and grants in the first cycle in which one is.
//
// OUT is ready if its flag is high and its FIFO (512 B) has room.  The burst
// ends
// - when the flag falls, which is seen 2 cycles late: n + 6 cycles, and then
//   any pipe may be next;
// - when the FIFO is full, strobes under way counted in, so that it can be
//   filled to the last byte;
// - after 512 strobes.
// Packets are not seen: while the flag stays high, bytes of the next packet
// follow in the same burst.
//
// IN is ready if its flag is high and its FIFO has a byte at the output (two
// cycles after the core gave it), or its packet is due.  The burst ends
// - when 512 bytes lie in the FX2, from this burst and earlier ones: the
//   cycle that ends it has PKTEND;
// - when the FIFO has no byte at the output: the cycle that ends it has PKTEND
//   if the packet is due.
// A packet is due if it is pending, the FIFO is empty, and either a flush was
// asked for, by REG_FLUSH or by the core (in_flush, in the cycle of its last
// byte or later), or no byte was offered (in_valid, whether taken or not) for
// as many cycles as the idle register says: with the last offer in cycle t, first in
// cycle t + 2 + idle.  The register is compared all the time, so a new value
// counts at once; 65535 cycles is the longest, and the time stops there.
// Pending is what was moved to the FX2 and not ended by a short packet: a full
// packet leaves it pending, so when its stream pauses a zero-length packet
// follows, on the same conditions and in 4 (+ 2) cycles.  A flush that finds
// nothing pending and the FIFO empty is forgotten; else it stays until a
// packet that is not full was closed.
//
// Pipe reset, a level: the pipe is not granted, its burst ends in that cycle
// without PKTEND, its FIFO is empty, queued bytes, pending and flush are
// forgotten, the idle time starts anew.  The idle register stays.  The FX2's
// buffer is the firmware's to empty.  Other pipes go on.  Cores see it through
// the switch, one cycle later.

`default_nettype none

module bridge (
	input wire clk,
	input wire [3:0] rst,
	input wire [31:0] idle,
	input wire [1:0] flush,

	// Pads, active high; each has a register.
	input wire [3:0] flag,
	input wire [7:0] fd_in,
	output wire [7:0] fd_out,
	output reg fd_oe,
	output reg [1:0] faddr,
	output reg sloe,
	output wire slrd,
	output wire slwr,
	output wire pktend,

	// EP2 and EP4
	output wire [15:0] out_data,
	output wire [1:0] out_valid,
	input wire [1:0] out_ready,

	// EP6 and EP8
	input wire [15:0] in_data,
	input wire [1:0] in_valid,
	output wire [1:0] in_ready,
	output wire [1:0] in_room,
	input wire [1:0] in_flush
);

	localparam SWITCH = 2'd0, DRIVE = 2'd1, SETUP = 2'd2, MOVE = 2'd3;

	reg [1:0] state;
	reg [9:0] moved;  // strobes of this OUT burst
	reg [1:0] settle; // cycles in which the last pipe's flag is old
	reg [1:0] reading;          // SLRD, one and two cycles ago,
	reg addressed, addressed_d; // and at EP2 or EP4

	wire selected_flag = flag[faddr];
	wire selected_rst = rst[faddr];
	wire is_in = faddr[1];
	wire moving = state == MOVE & !selected_rst;

	wire [1:0] room;
	wire [15:0] give_data;
	wire [1:0] give_valid;
	wire [1:0] full;
	wire [1:0] due;
	wire give_now = give_valid[faddr[0]];
	wire full_now = full[faddr[0]];

	assign slrd = moving & !is_in & selected_flag & room[faddr[0]] &
		!moved[9];
	assign slwr = moving & is_in & give_now & !full_now;
	assign pktend = moving & is_in & (full_now | (!give_now & due[faddr[0]]));
	assign fd_out = faddr[0] ? give_data[15:8] : give_data[7:0];

	wire [1:0] strobed = {1'b0, reading[0]} + {1'b0, reading[1]};

	genvar i;
	generate
		for (i = 0; i < 2; i = i + 1) begin : pipe
			wire [9:0] level;
			wire unused_ready;

			assign room[i] = level + {8'd0, strobed} < 10'd512;

			fifo out (
				.clk(clk), .rst(rst[i]), .level(level),
				.in_data(fd_in),
				.in_valid(reading[1] & addressed_d == i[0] &
					flag[i]),
				.in_ready(unused_ready),
				.out_data(out_data[8 * i +: 8]),
				.out_valid(out_valid[i]),
				.out_ready(out_ready[i])
			);

			in_pipe in (
				.clk(clk), .rst(rst[2 + i]),
				.idle(idle[16 * i +: 16]),
				.flush(flush[i] | in_flush[i]),
				.in_data(in_data[8 * i +: 8]),
				.in_valid(in_valid[i]), .in_ready(in_ready[i]),
				.in_room(in_room[i]),
				.data(give_data[8 * i +: 8]),
				.valid(give_valid[i]),
				.take(slwr & faddr[0] == i[0]),
				.close(pktend & faddr[0] == i[0]),
				.full(full[i]), .due(due[i])
			);
		end
	endgenerate

	// The pipes in turn, from the one after the last.
	wire [3:0] last = 4'b0001 << faddr;
	wire [3:0] ready = {give_valid | due, room} & flag & ~rst &
		~(settle != 0 ? last : 4'b0000);
	wire [1:0] first = faddr + 2'd1;
	wire [1:0] second = faddr + 2'd2;
	wire [1:0] third = faddr + 2'd3;
	wire [1:0] granted = ready[first] ? first : ready[second] ? second :
		ready[third] ? third : faddr;

	initial begin
		state = SWITCH;
		moved = 0;
		settle = 0;
		reading = 0;
		addressed = 0;
		addressed_d = 0;
		faddr = 0;
		sloe = 0;
		fd_oe = 0;
	end

	always @(posedge clk) begin
		reading <= {reading[0], slrd};
		addressed <= faddr[0];
		addressed_d <= addressed;
	end

	always @(posedge clk) begin
		case (state)
		SWITCH: begin
			sloe <= 0;
			fd_oe <= 0;
			moved <= 0;
			settle <= {1'b0, settle[1]};
			faddr <= granted;
			if (ready != 0)
				state <= DRIVE;
		end
		DRIVE: begin
			sloe <= !is_in;
			fd_oe <= is_in;
			state <= SETUP;
		end
		SETUP:
			state <= MOVE;
		MOVE: begin
			moved <= moved + {9'd0, slrd};
			if (!slrd & !slwr) begin
				settle <= is_in | selected_flag ? 2'b11 : 2'b00;
				state <= SWITCH;
			end
		end
		endcase
	end

endmodule
