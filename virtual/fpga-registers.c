/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The model's registers: takes I2C transactions, acts on pipes and core. */
#include "fpga-model.h"

void model_reset_pipes(struct model *model, uint8_t reset)
{
	for (unsigned i = 0; i < FIFO_COUNT; i++) {
		uint16_t idle;

		if (!(reset >> i & 1))
			continue;
		if (model->granted == i)
			model->busy = false;
		if (fifo_is_in(i)) {
			idle = model->in[i - FIFO_EP6].idle;
			model->in[i - FIFO_EP6] = (struct in_pipe){
				.idle = idle, .quiet = model->cycle};
		} else {
			model->out[i] = (struct out_pipe){0};
		}
	}
	if (reset & ~model->reset & (1 << FIFO_EP2 | 1 << FIFO_EP6))
		bench_reset(&model->bench);
	model->reset = reset;
}

static void set_idle(struct model *model, unsigned byte, uint8_t value)
{
	uint16_t *idle = &model->in[byte / 2].idle;

	if (byte % 2)
		*idle = (*idle & 0x00ff) | value << 8;
	else
		*idle = (*idle & 0xff00) | value;
}

static void write_register(struct model *model, uint8_t reg, uint8_t value)
{
	if (reg == REG_PIPE_RESET)
		model_reset_pipes(model, value & 0xf);
	else if (reg == REG_FLUSH)
		for (unsigned i = 0; i < 2; i++)
			model->in[i].flush |= value >> i & 1;
	else if (reg >= REG_IDLE_FLUSH && reg < REG_IDLE_FLUSH + 4)
		set_idle(model, reg - REG_IDLE_FLUSH, value);
	else
		bench_write(&model->bench, reg, value);
}

static uint8_t read_register(struct model *model, uint8_t reg)
{
	uint8_t value;

	switch (reg) {
	case REG_HEALTH:
		value = REG_HEALTH_VALUE;
		return faults_at(model->faults, FAULT_HEALTH, 0) ? ~value
								 : value;
	case REG_PIPE_RESET:
		return model->reset;
	case REG_ALERTS:
		value = model->alerts;
		model->alerts = 0;
		return value;
	case REG_IDLE_FLUSH ... REG_IDLE_FLUSH + 3:
		reg -= REG_IDLE_FLUSH;
		return model->in[reg / 2].idle >> 8 * (reg % 2);
	}
	return bench_read(&model->bench, reg);
}

bool model_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size)
{
	struct model *model = MODEL(fpga);

	(void)now;
	if (!model_running(model) || size == 0 || data[0] >= REG_COUNT)
		return false;
	model->address = data[0];
	for (size_t i = 1; i < size; i++) {
		if (model->address >= REG_COUNT)
			return false;
		write_register(model, model->address++, data[i]);
	}
	return true;
}

bool model_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size)
{
	struct model *model = MODEL(fpga);

	(void)now;
	if (!model_running(model))
		return false;
	for (size_t i = 0; i < size; i++)
		data[i] = model->address < REG_COUNT
			? read_register(model, model->address++)
			: 0;
	return true;
}
