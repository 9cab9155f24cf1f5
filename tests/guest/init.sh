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
load() {
  for module in $(cat "$1"); do insmod "/modules/$module" || echo "@@fault insmod $module"; done
}
# All packages' files at /packages, for machines that have that folder; programs run there by `chroot /packages`.
packages() {
  load /modules/order_folder
  mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=1048576 packages /packages &&
    mount -t proc proc /packages/proc && mount -t sysfs sysfs /packages/sys && mount -t devtmpfs dev /packages/dev &&
    mount -t tmpfs tmp /packages/tmp
}
load /modules/order
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
