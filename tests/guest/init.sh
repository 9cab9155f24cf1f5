#!/bin/busybox sh
# The guest's first program: loads the GPU's driver, then obeys lines from the serial port. What a test reads starts with "@@".
PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty raw -echo
# Modules stand in the order in which they need each other.
for module in $(cat /modules/order); do insmod "/modules/$module" || echo "@@fault insmod $module"; done
tries=0
while [ ! -e /dev/dri/card0 ] && [ $tries -lt 600 ]; do
  usleep 50000
  tries=$((tries + 1))
done
[ -e /dev/dri/card0 ] || echo "@@fault no card"
echo "@@up $(cut -d' ' -f1 /proc/uptime)"
while IFS= read -r line; do
  eval "$line"
  echo "@@end $?"
done
