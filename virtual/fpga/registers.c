/* SPDX-License-Identifier: 0BSD OR Apache-2.0 */

/* The registers of the model, wire/regs.h, as I2C transactions reach them. */
#include "model.h"

static void set_idle(struct model *model, unsigned byte, uint8_t value)
{
	uint16_t *idle = &model->in[byte / 2].idle;

	if (byte % 2)
		*idle = (*idle & 0x00ff) | value << 8;
	else
		*idle = (*idle & 0xff00) | value;
}

/* The core whose register this is, and its offset there; or NULL. */
static struct core *core_of(
	struct model *model, uint8_t reg, unsigned *ret_offset)
{
	for (unsigned i = 1; i < CORE_END; i++) {
		unsigned offset = reg - core_table[i].base;

		if (reg < core_table[i].base ||
			offset >= core_table[i].registers)
			continue;
		*ret_offset = offset;
		return model->slots[i].core;
	}
	return NULL;
}

static void write_core(struct model *model, uint8_t reg, uint8_t value)
{
	unsigned offset;
	struct core *core = core_of(model, reg, &offset);

	if (core == NULL)
		return;
	core->ops->write(core, model->cycle, offset, value);
	mux_update(model);
}

static uint8_t read_core(struct model *model, uint8_t reg)
{
	unsigned offset;
	const struct core *core = core_of(model, reg, &offset);

	if (core == NULL)
		return 0;
	return core->ops->read(core, model->cycle, offset & ~3u) >>
		8 * (offset % 4);
}

static void write_register(struct model *model, uint8_t reg, uint8_t value)
{
	model->spi_route.known = false;
	model->jtag_route.known = false;
	switch (reg) {
	case REG_PIPE_RESET:
		model_reset_pipes(model, value & 0xf);
		break;
	case REG_FLUSH:
		for (unsigned i = 0; i < 2; i++)
			if (value >> i & 1)
				in_pipe_flush(&model->in[i]);
		break;
	case REG_IDLE_FLUSH ... REG_IDLE_FLUSH + 3:
		set_idle(model, reg - REG_IDLE_FLUSH, value);
		break;
	case REG_STREAM ... REG_STREAM + FIFO_COUNT - 1:
		model_switch(model, reg - REG_STREAM, value);
		break;
	case REG_TABLE_INDEX:
		model->table_index = value;
		break;
	case REG_PIN ... REG_PIN + PIN_COUNT - 1:
		model->mux.pins[reg - REG_PIN] = value;
		mux_update(model);
		break;
	case REG_INPUT ... REG_INPUT + INPUT_COUNT - 1:
		model->mux.inputs[reg - REG_INPUT] = value;
		mux_update(model);
		break;
	default:
		write_core(model, reg, value);
	}
}

static uint8_t read_table(const struct model *model, unsigned byte)
{
	if (model->table_index == 0 || model->table_index >= CORE_END)
		return 0;
	return faults_entry(model->faults, model->table_index, byte,
		((const uint8_t *)&core_table[model->table_index])[byte]);
}

static uint8_t read_alerts(struct model *model)
{
	uint8_t alerts = model->alerts;

	model->alerts = 0;
	return alerts;
}

static uint8_t read_register(struct model *model, uint8_t reg)
{
	switch (reg) {
	case REG_HEALTH:
		return faults_at(model->faults, FAULT_HEALTH, 0)
			? (uint8_t)~REG_HEALTH_VALUE
			: REG_HEALTH_VALUE;
	case REG_PIPE_RESET:
		return model->reset;
	case REG_ALERTS:
		return read_alerts(model);
	case REG_IDLE_FLUSH ... REG_IDLE_FLUSH + 3:
		reg -= REG_IDLE_FLUSH;
		return model->in[reg / 2].idle >> 8 * (reg % 2);
	case REG_STREAM ... REG_STREAM + FIFO_COUNT - 1:
		return model->stream[reg - REG_STREAM];
	case REG_MAP:
		return REG_MAP_VERSION;
	case REG_CORE_COUNT:
		return CORE_COUNT;
	case REG_TABLE_INDEX:
		return model->table_index;
	case REG_TABLE ... REG_TABLE + sizeof(struct core_entry) - 1:
		return read_table(model, reg - REG_TABLE);
	case REG_PIN ... REG_PIN + PIN_COUNT - 1:
		return model->mux.pins[reg - REG_PIN];
	case REG_INPUT ... REG_INPUT + INPUT_COUNT - 1:
		return model->mux.inputs[reg - REG_INPUT];
	}
	return read_core(model, reg);
}

bool model_i2c_write(
	struct fpga *fpga, tick now, const uint8_t *data, size_t size)
{
	struct model *model = MODEL(fpga);
	size_t taken, i = 1;

	(void)now;
	if (!model_done(model) || size == 0 || data[0] >= REG_COUNT)
		return false;
	if (!model_running(model))
		return foreign_i2c_write(
			&model->foreign, model->faults, data, size);
	taken = faults_acknowledge(model->faults, data, size);
	if (taken == 0)
		return false;
	model->address = data[0];
	for (; i < taken && model->address < REG_COUNT; i++)
		write_register(model, model->address++, data[i]);
	model_update_event(model);
	return i == size;
}

bool model_i2c_read(struct fpga *fpga, tick now, uint8_t *data, size_t size)
{
	struct model *model = MODEL(fpga);

	(void)now;
	if (!model_done(model))
		return false;
	if (!model_running(model))
		return foreign_i2c_read(
			&model->foreign, model->faults, data, size);
	for (size_t i = 0; i < size; i++)
		data[i] = model->address < REG_COUNT
			? read_register(model, model->address++)
			: 0;
	return true;
}
