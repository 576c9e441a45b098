// SPDX-License-Identifier: 0BSD OR Apache-2.0

// The FX2's end of the FIFO bus and the host behind it, for bench.v: feeds OUT
// endpoints, empties and checks IN endpoints, and counts every breach of the
// bus's rules.  EZ-USB TRM, chapter 9.

`default_nettype none

module fx2 (
	input wire clk,
	output reg [3:0] flag,
	output wire [7:0] fd_i,
	input wire [7:0] fd_o,
	input wire fd_oe,
	input wire [1:0] fifoadr,
	input wire sloe,
	input wire slrd,
	input wire slwr,
	input wire pktend
);

	localparam BUFFERS = 4, SIZE = 512;
	// The bytes sent or expected are the sequence; otherwise a pattern.
	localparam SEQUENCE = 1;

	// Set by the bench.
	reg [1:0] feeding;
	reg [1:0] sequential;         // OUT data is SEQUENCE.
	reg [1:0] taking;
	reg [1:0] checking_sequence;  // IN data must be SEQUENCE.
	integer limit [0:1];          // Bytes to feed.
	reg [15:0] reset;             // 1: reset the counters, once.
	integer bad_at;               // The OUT byte to send wrong, or -1.

	// Results.
	integer errors;
	integer sent [0:1];      // Bytes that the host sent.
	integer moved_out [0:1]; // Bytes that the FPGA took.
	integer moved_in [0:1];  // Bytes that the FPGA sent.
	integer got [0:1];       // Bytes that the host took.
	integer packets [0:1];
	integer empty_packets [0:1];
	integer last_size [0:1];
	integer cycle;
	integer full_in [0:1];  // Cycles between the last two full IN packets.
	integer full_out [0:1]; // Cycles for the last 512 OUT bytes.
	integer mark_in [0:1];
	integer mark_out [0:1];

	// OUT buffers: bytes, and the sizes of packets.
	reg [7:0] out_data [0:2 * BUFFERS * SIZE - 1];
	integer out_head [0:1];
	integer out_count [0:1];
	integer out_size [0:2 * BUFFERS - 1];
	integer out_first [0:1];
	integer out_packets [0:1];
	reg [15:0] out_lfsr [0:1];

	// IN buffers.
	reg [7:0] in_data [0:2 * BUFFERS * SIZE - 1];
	integer in_size [0:2 * BUFFERS - 1];
	integer in_first [0:1];
	integer in_packets [0:1];
	integer in_fill [0:1];
	reg [15:0] in_lfsr [0:1];

	integer e, i, at, size;
	reg [7:0] expected;
	wire [31:0] head = fifoadr[0] * BUFFERS * SIZE + out_head[fifoadr[0]];

	assign fd_i = sloe ? 8'h5a : out_data[head[11:0]];

	function [7:0] pattern(input integer n);
		pattern = n[7:0] ^ n[15:8] ^ {n[18:16], n[23:19]};
	endfunction

	function [15:0] step(input [15:0] state);
		step = {state[14:0],
			state[15] ^ state[14] ^ state[12] ^ state[3]};
	endfunction

	task fail(input [8 * 40 - 1:0] what);
		begin
			errors = errors + 1;
			if (errors < 10)
				$display("cycle %0d: %0s", cycle, what);
		end
	endtask

	task forget(input integer e);
		begin
			out_head[e] = 0;
			out_count[e] = 0;
			out_first[e] = 0;
			out_packets[e] = 0;
			out_lfsr[e] = 1;
			in_first[e] = 0;
			in_packets[e] = 0;
			in_fill[e] = 0;
			in_lfsr[e] = 1;
			sent[e] = 0;
			moved_out[e] = 0;
			moved_in[e] = 0;
			got[e] = 0;
			packets[e] = 0;
			empty_packets[e] = 0;
			last_size[e] = -1;
			full_in[e] = 0;
			full_out[e] = 0;
			mark_in[e] = -1;
			mark_out[e] = -1;
		end
	endtask

	initial begin
		feeding = 0;
		sequential = 0;
		taking = 0;
		checking_sequence = 0;
		reset = 0;
		bad_at = -1;
		errors = 0;
		cycle = 0;
		flag = 0;
		for (e = 0; e < 2; e = e + 1) begin
			limit[e] = 32'h7fffffff;
			forget(e);
		end
	end

	task feed;
		begin
			size = SIZE;
			if (size > limit[e] - sent[e])
				size = limit[e] - sent[e];
			for (i = 0; i < size; i = i + 1) begin
				at = (out_head[e] + out_count[e]) %
					(BUFFERS * SIZE);
				expected = sequential[e] ? (sent[e] & 1 ?
					out_lfsr[e][15:8] : out_lfsr[e][7:0]) :
					pattern(sent[e]);
				if (sent[e] == bad_at)
					expected = ~expected;
				out_data[e * BUFFERS * SIZE + at] = expected;
				if (sent[e] & 1)
					out_lfsr[e] = step(out_lfsr[e]);
				sent[e] = sent[e] + 1;
				out_count[e] = out_count[e] + 1;
			end
			out_size[e * BUFFERS + (out_first[e] + out_packets[e]) %
				BUFFERS] = size;
			out_packets[e] = out_packets[e] + 1;
		end
	endtask

	task take;
		begin
			size = in_size[e * BUFFERS + in_first[e]];
			at = (e * BUFFERS + in_first[e]) * SIZE;
			for (i = 0; i < size; i = i + 1) begin
				expected = checking_sequence[e] ? (got[e] & 1 ?
					in_lfsr[e][15:8] : in_lfsr[e][7:0]) :
					pattern(got[e]);
				if (in_data[at + i] !== expected)
					fail("a wrong byte came");
				if (got[e] & 1)
					in_lfsr[e] = step(in_lfsr[e]);
				got[e] = got[e] + 1;
			end
			packets[e] = packets[e] + 1;
			empty_packets[e] = empty_packets[e] + (size == 0 ? 1 : 0);
			last_size[e] = size;
			in_first[e] = (in_first[e] + 1) % BUFFERS;
			in_packets[e] = in_packets[e] - 1;
		end
	endtask

	task pop;
		begin
			out_head[e] = (out_head[e] + 1) % (BUFFERS * SIZE);
			out_count[e] = out_count[e] - 1;
			moved_out[e] = moved_out[e] + 1;
			at = e * BUFFERS + out_first[e];
			out_size[at] = out_size[at] - 1;
			if (out_size[at] == 0) begin
				out_first[e] = (out_first[e] + 1) % BUFFERS;
				out_packets[e] = out_packets[e] - 1;
			end
			if (moved_out[e] % SIZE == 0) begin
				full_out[e] = cycle - mark_out[e];
				mark_out[e] = cycle;
			end
		end
	endtask

	task commit;
		begin
			if (in_fill[e] == SIZE) begin
				full_in[e] = cycle - mark_in[e];
				mark_in[e] = cycle;
			end
			in_size[e * BUFFERS + (in_first[e] + in_packets[e]) %
				BUFFERS] = in_fill[e];
			in_packets[e] = in_packets[e] + 1;
			in_fill[e] = 0;
		end
	endtask

	always @(posedge clk) begin
		cycle = cycle + 1;
		e = fifoadr[0] ? 1 : 0;
		if (fd_oe & !sloe)
			fail("both drive the bus");
		if (!slrd & (fifoadr[1] | sloe))
			fail("SLRD on an IN endpoint or without SLOE");
		if ((!slwr | !pktend) & !fifoadr[1])
			fail("SLWR or PKTEND on an OUT endpoint");
		if (!slwr & !fd_oe)
			fail("SLWR and nobody drives");

		if (!slrd & !fifoadr[1] & out_count[e] != 0)
			pop;
		if ((!slwr | !pktend) & fifoadr[1] & in_packets[e] == BUFFERS)
			fail("IN overrun: no buffer");
		else if (!slwr & fifoadr[1]) begin
			if (in_fill[e] == SIZE)
				fail("IN overrun: 513 bytes");
			else begin
				in_data[(e * BUFFERS + (in_first[e] +
					in_packets[e]) % BUFFERS) * SIZE +
					in_fill[e]] = fd_o;
				in_fill[e] = in_fill[e] + 1;
				moved_in[e] = moved_in[e] + 1;
			end
		end
		if (!pktend & fifoadr[1])
			commit;

		for (e = 0; e < 2; e = e + 1) begin
			if (feeding[e] & out_packets[e] < BUFFERS &
					sent[e] < limit[e])
				feed;
			if (taking[e] & in_packets[e] != 0)
				take;
			if (reset[e])
				forget(e);
		end
		reset = 0;

		flag <= {in_packets[1] < BUFFERS, in_packets[0] < BUFFERS,
			out_count[1] != 0, out_count[0] != 0};
	end

endmodule
