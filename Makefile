# A wrapper around Meson.  The real build is in meson.build.

BUILD ?= build

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	scripts/packages build
	meson setup $(BUILD)

# The benchmark on the virtual Glasgow, from nothing; on one that executes the
# FX2's firmware with URI=virtual:firmware=clyde.
URI ?= virtual:
benchmark: all
	$(BUILD)/cli/clyde -d $(URI) run benchmark

# Clyde beside other hosts, on the virtual Glasgow; some minutes.
OUT ?= compare
compare: all
	scripts/packages bench
	/usr/bin/python3 bench/compare.py --build $(BUILD) $(OUT)

# What libusb over the emulated usbfs does in real time, on a quiet machine.
numbers: all
	scripts/packages bench
	/usr/bin/python3 bench/usbfs.py --build $(BUILD)

# docs/figures.md, on a quiet machine; PARTS="queue usbfs" for some of it.
figures: all
	scripts/packages bench
	/usr/bin/python3 bench/figures.py --build $(BUILD) \
		$(if $(PARTS),--only $(PARTS))

# The unit tests, and the quick ones of the command line: within a minute.
test: all
	scripts/packages test
	scripts/test $(BUILD)

# Everything that can be checked on this machine.
check:
	scripts/packages build check
	scripts/check

# The FPGA's image from the gateware; the built one is in the repository.
image:
	scripts/packages image
	scripts/image
	scripts/timing --write

# The FX2's firmware from its sources; the built one is in the repository.
firmware:
	scripts/packages firmware
	scripts/firmware

# Debian's packages, in build-deb/.
deb:
	scripts/packages deb
	scripts/deb

install: all
	meson install -C $(BUILD)

fuzz:
	scripts/packages build check
	scripts/fuzz

# An hour of link time, kills and unplugs, ten million seeds; half an hour.
soak: all
	scripts/packages bench
	scripts/soak --build $(BUILD)

clean:
	rm -rf build build-*

.PHONY: all benchmark compare numbers figures test check image firmware deb \
	install fuzz soak clean
