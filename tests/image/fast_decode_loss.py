#!/usr/bin/env python3
"""How far --fast-decode is from the exact pixels:  python3 tests/image/fast_decode_loss.py build/tests/image/image_driver PICTURE.jpg...
Per target size: root mean square and largest difference in 8-bit levels, and the least cosine of the normalized pixels."""
import sys

import numpy as np

from compare_pillow import Driver

STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32).reshape(3, 1, 1)


def main():
    driver, files = Driver(sys.argv[1]), sys.argv[2:]
    for size in (32, 64, 96, 128):
        rms, largest, cosines = [], [], []
        for path in files:
            exact, fast = (driver.preprocess(path, "avx2", "shortest", "bicubic", 0, size, size, c) for c in ("encoded", "fast"))
            if np.array_equal(exact, fast):
                continue  # smaller than twice the target: decoded whole
            levels = (fast - exact) * STD * 255
            rms.append(np.sqrt((levels ** 2).mean()))
            largest.append(np.abs(levels).max())
            cosines.append(float((fast * exact).sum() / np.linalg.norm(fast) / np.linalg.norm(exact)))
        if rms:
            print(f"{size:4d}: {len(rms)} pictures, rms {np.mean(rms):.2f} (worst {np.max(rms):.2f}), largest {np.max(largest):.0f}, "
                  f"cosine of the pixels mean {np.mean(cosines):.5f} least {np.min(cosines):.5f}")


if __name__ == "__main__":
    main()
