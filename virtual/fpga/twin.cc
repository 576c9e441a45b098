// SPDX-License-Identifier: 0BSD OR Apache-2.0

// A Verilated image as a module of its own, libclyde-twin.so or a netlist: three
// C functions around one C++ object.  virtual/fpga/twin-module.c loads it.
#include "twin.h"

#include <memory>
#include <new>

#include "Vtwin.h"
#include "verilated.h"
#include "verilated_fst_c.h"

#define EXPORT __attribute__((visibility("default")))

// Half a cycle of 48 MHz, in the units of a waveform.
static const uint64_t half_ps = 10417;

namespace
{
struct Twin {
	VerilatedContext context;
	std::unique_ptr<Vtwin> top;
	std::unique_ptr<VerilatedFstC> trace;

	void set_clock(bool clock)
	{
		top->clk_if = clock;
		top->eval();
		if (trace)
			trace->dump(context.time());
		context.timeInc(half_ps);
	}
};
}

static void drive(Vtwin *top, const twin_pins *pins)
{
	top->fx2_flag = pins->flag;
	top->fx2_fd_i = pins->fd_i;
	top->i2c_scl = pins->scl;
	top->i2c_sda_i = pins->sda;
	top->port_i = pins->port_i;
}

static void sample(const Vtwin *top, twin_pins *pins)
{
	pins->fifoadr = top->fx2_fifoadr;
	pins->sloe = top->fx2_sloe;
	pins->slrd = top->fx2_slrd;
	pins->slwr = top->fx2_slwr;
	pins->pktend = top->fx2_pktend;
	pins->fd_o = top->fx2_fd_o;
	pins->fd_oe = top->fx2_fd_oe;
	pins->sda_low = top->i2c_sda_low;
	pins->alert_low = top->alert_low;
	pins->port_o = top->port_o;
	pins->port_oe = top->port_oe;
}

extern "C" EXPORT void *twin_new(const char *path)
{
	Twin *twin = new (std::nothrow) Twin;

	if (twin == nullptr)
		return nullptr;
	twin->context.traceEverOn(path != nullptr);
	twin->top = std::make_unique<Vtwin>(&twin->context, "");
	if (path != nullptr) {
		twin->trace = std::make_unique<VerilatedFstC>();
		twin->top->trace(twin->trace.get(), 99);
		twin->trace->open(path);
	}
	return twin;
}

extern "C" EXPORT void twin_edge(void *pointer, bool rising, twin_pins *pins)
{
	Twin *twin = static_cast<Twin *>(pointer);

	drive(twin->top.get(), pins);
	twin->set_clock(rising);
	sample(twin->top.get(), pins);
}

extern "C" EXPORT void twin_free(void *pointer)
{
	Twin *twin = static_cast<Twin *>(pointer);

	if (twin->trace)
		twin->trace->close();
	twin->top->final();
	delete twin;
}
