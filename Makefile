# A wrapper around Meson.  The real build is in meson.build.

BUILD ?= build

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	scripts/packages build
	meson setup $(BUILD)

# The benchmark on the virtual Glasgow, from nothing.
benchmark: all
	$(BUILD)/cli/clyde -d virtual: run benchmark

# What libusb over the emulated usbfs does in real time, on a quiet machine.
numbers: all
	scripts/packages bench
	/usr/bin/python3 bench/usbfs.py --build $(BUILD)

# Everything that can be checked on this machine.
check:
	scripts/packages build check
	scripts/check

install: all
	meson install -C $(BUILD)

fuzz:
	scripts/packages build check
	scripts/fuzz

clean:
	rm -rf build build-*

.PHONY: all benchmark numbers check install fuzz clean
