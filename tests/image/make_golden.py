#!/usr/bin/env python3
"""Makes tests/fixtures/image: small generated pictures of every mode and format, and golden.tsv with what Pillow, torchvision and
open_clip make of them. Run by hand (ctest needs no Python):  python3 tests/image/make_golden.py tests/fixtures/image

golden.tsv, tab-separated:
  decode      file mode width height orientation crc32(pixels) crc32(RGB) crc32(RGB on white)
  upright     file width height crc32(pixels)                      after ImageOps.exif_transpose
  turned      file height width crc32(floats)                      after ImageOps.exif_transpose, shortest side, bicubic
  preprocess  file resize filter first height width crc32(floats)  first: 1 = transformers' rules, 0 = open_clip
  truncated   file 99 characters: 1 where Pillow reads the first N per cent of the file
"""
import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageFile, ImageOps

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compare_pillow import open_clip_pixels, raw_bytes, transformers_pixels  # noqa: E402

ImageFile.MAXBLOCK = 1 << 22
FILES = {}


def scene(width, height, channels=3, seed=0):
    """A smooth field with edges and some noise."""
    y, x = np.mgrid[0:height, 0:width]
    out = np.empty((height, width, channels))
    for c in range(channels):
        out[..., c] = 128 + 90 * np.sin((x + 5 * c) / 6.5 + seed) * np.cos(y / (4.5 + c)) + 70 * (((x - y + 7 * c) // 9) % 2)
    out += np.random.default_rng(seed).integers(-12, 13, out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def picture(mode, width=45, height=31, seed=0):
    if mode == "1":
        return Image.fromarray(scene(width, height, 1, seed)[..., 0]).convert("1")
    if mode == "P":
        im = Image.fromarray(scene(width, height, 1, seed)[..., 0] // 4, "P")
        im.putpalette(bytes(np.random.default_rng(seed).integers(0, 256, 64 * 3, np.uint8)))
        return im
    if mode == "I;16":
        return Image.fromarray(scene(width, height, 1, seed)[..., 0].astype(np.uint16) * 257 % 3001)
    channels = len(Image.new(mode, (1, 1)).getbands())
    data = scene(width, height, channels, seed)
    if mode == "LA":
        return Image.merge("LA", [Image.fromarray(data[..., c]) for c in range(2)])
    return Image.fromarray(data[..., 0] if channels == 1 else data, mode)


def save(name, im, format, **options):
    stream = io.BytesIO()
    im.save(stream, format, **options)
    FILES[name] = stream.getvalue()


# --- PNG: every colour type and depth, by a writer of our own ---------------------------------------------------------------------
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_rows(samples, depth, filters):
    """samples [h, w, c] of `depth` bits -> filtered rows."""
    out, previous = b"", None
    for y, row in enumerate(samples):
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        elif depth == 8:
            packed = flat.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in flat)
            bits += "0" * (-len(bits) % 8)
            packed = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        bpp = max(1, samples.shape[2] * depth // 8)
        previous = previous or bytes(len(packed))
        kind = (y % 5) if filters else 0
        line = bytearray()
        for i, v in enumerate(packed):
            a = packed[i - bpp] if i >= bpp else 0
            b = previous[i]
            c = previous[i - bpp] if i >= bpp else 0
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            line.append((v - [0, a, b, (a + b) // 2, paeth][kind]) & 255)
        out += bytes([kind]) + bytes(line)
        previous = packed
    return out


def png(samples, depth, color, interlaced=False, filters=True, extra=b"", after=b""):
    height, width = samples.shape[:2]
    if interlaced:
        data = b""
        for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
            part = samples[y0::dy, x0::dx]
            if part.size:
                data += png_rows(part, depth, filters)
    else:
        data = png_rows(samples, depth, filters)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced)))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(data, 9)) + after + chunk(b"IEND", b"")


def make_png():
    rng = np.random.default_rng(7)
    for color, name, channels in ((0, "grey", 1), (2, "rgb", 3), (3, "palette", 1), (4, "grey_alpha", 2), (6, "rgba", 4)):
        for depth in ((1, 2, 4, 8, 16) if color == 0 else (1, 2, 4, 8) if color == 3 else (8, 16)):
            samples = scene(37, 26, channels, depth).astype(np.uint32)
            samples = samples * 257 % 65536 ^ (samples & 85) if depth == 16 else samples >> (8 - depth)
            colors = min(1 << depth, 200)
            if color == 3:
                samples = samples % colors
            palette = chunk(b"PLTE", rng.integers(0, 256, 3 * colors, np.uint8).tobytes()) if color == 3 else b""
            FILES[f"png_{name}_{depth}.png"] = png(samples, depth, color, extra=palette)
            FILES[f"png_{name}_{depth}_interlaced.png"] = png(samples, depth, color, True, extra=palette)
            if color in (0, 2, 3):
                if color == 3:
                    trns = rng.integers(0, 256, min(colors, 9), np.uint8).tobytes()
                else:
                    trns = struct.pack(f">{channels}H", *(int(v) for v in samples[3, 4]))
                FILES[f"png_{name}_{depth}_trns.png"] = png(samples, depth, color, extra=palette + chunk(b"tRNS", trns))
    one = np.zeros((1, 1, 3), np.uint32)
    FILES["png_1x1.png"] = png(one, 8, 2)
    FILES["png_tall.png"] = png(scene(3, 200, 3), 8, 2)
    FILES["png_wide.png"] = png(scene(200, 3, 3), 8, 2)
    FILES["png_224.png"] = png(scene(32, 32, 4, 3), 8, 6)  # already the target size: nothing is resampled or premultiplied


# --- BMP: variants that Pillow reads and does not write -----------------------------------------------------------------------------
def bmp(width, height, bits, pixels, palette=b"", compression=0, masks=b"", header=40, colors=0):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 2835, 2835, colors, 0)
        if header > 40:
            info += masks + bytes(header - 40 - len(masks))
            masks = b""
    offset = 14 + len(info) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + masks + palette + pixels


def bmp_rows(values, bits, bottom_up=True):
    """values [h, w] integers of `bits` -> padded rows."""
    rows = []
    for row in values:
        if bits >= 8:
            packed = b"".join(int(v).to_bytes(bits // 8, "little") for v in row)
        else:
            text = "".join(format(int(v), f"0{bits}b") for v in row)
            text += "0" * (-len(text) % 8)
            packed = bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
        rows.append(packed + bytes(-len(packed) % 4))
    return b"".join(rows[::-1] if bottom_up else rows)


def rle8(values):
    out = b""
    for row in values[::-1]:
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x] and run < 255:
                run += 1
            if run >= 2 or len(row) - x < 3:
                out += bytes([run, int(row[x])])
                x += run
            else:
                n = min(len(row) - x, 5)
                out += bytes([0, n]) + bytes(int(v) for v in row[x:x + n]) + bytes(n % 2)
                x += n
        out += b"\0\0"
    return out + b"\0\1"


def rle4(values):
    out = b""
    for row in values[::-1]:
        for x in range(0, len(row), 6):
            part = [int(v) for v in row[x:x + 6]]
            if len(part) == 6:
                part += [0, 0]
                out += bytes([0, 6]) + bytes(part[i] << 4 | part[i + 1] for i in (0, 2, 4)) + b"\0"
            else:
                for v in part:
                    out += bytes([1, v << 4])
        out += b"\0\0"
    return out + b"\0\1"


def make_bmp():
    rng = np.random.default_rng(11)
    grey = scene(37, 21, 1, 5)[..., 0].astype(np.uint32)
    rgb = scene(37, 21, 3, 6).astype(np.uint32)
    a = scene(37, 21, 1, 8)[..., 0].astype(np.uint32)

    def table(n, entry=4):
        t = rng.integers(0, 256, (n, entry), np.uint8)
        return t.tobytes()

    def ramp(values):
        return b"".join(bytes([v, v, v, 0]) for v in values)

    for bits in (1, 4, 8):
        values = grey >> (8 - bits)
        FILES[f"bmp_palette_{bits}.bmp"] = bmp(37, 21, bits, bmp_rows(values, bits), table(1 << bits))
        FILES[f"bmp_os2_{bits}.bmp"] = bmp(37, 21, bits, bmp_rows(values, bits), table(1 << bits, 3), header=12)
    FILES["bmp_few_colors.bmp"] = bmp(37, 21, 8, bmp_rows(grey % 10, 8), table(10), colors=10)
    FILES["bmp_black_white.bmp"] = bmp(37, 21, 1, bmp_rows(grey >> 7, 1), ramp([0, 255]))
    FILES["bmp_grey.bmp"] = bmp(37, 21, 8, bmp_rows(grey, 8), ramp(range(256)))
    v555 = (rgb[..., 0] >> 3) << 10 | (rgb[..., 1] >> 3) << 5 | rgb[..., 2] >> 3
    v565 = (rgb[..., 0] >> 3) << 11 | (rgb[..., 1] >> 2) << 5 | rgb[..., 2] >> 3
    FILES["bmp_555.bmp"] = bmp(37, 21, 16, bmp_rows(v555, 16))
    FILES["bmp_565.bmp"] = bmp(37, 21, 16, bmp_rows(v565, 16), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    v24 = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    FILES["bmp_24.bmp"] = bmp(37, 21, 24, bmp_rows(v24, 24))
    FILES["bmp_24_top_down.bmp"] = bmp(37, -21, 24, bmp_rows(v24, 24, False))
    FILES["bmp_32.bmp"] = bmp(37, 21, 32, bmp_rows(v24 | a << 24, 32))
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    FILES["bmp_bgra.bmp"] = bmp(37, 21, 32, bmp_rows(v24 | a << 24, 32), compression=3, masks=masks, header=108)
    masks = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    FILES["bmp_rgba.bmp"] = bmp(37, 21, 32, bmp_rows(v24 | a << 24, 32), compression=3, masks=masks, header=124)
    masks = struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)
    FILES["bmp_xbgr.bmp"] = bmp(37, 21, 32, bmp_rows(v24 << 8 | a, 32), compression=3, masks=masks)
    FILES["bmp_rle8.bmp"] = bmp(37, 21, 8, rle8(grey >> 4), table(256), compression=1)
    FILES["bmp_rle4.bmp"] = bmp(37, 21, 4, rle4(grey >> 4), table(16), compression=2)


def make_tga():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        for rle in ((False,) if mode == "1" else (False, True)):
            for orientation in (-1, 1):
                name = f"tga_{mode}{'_rle' if rle else ''}{'_down' if orientation > 0 else ''}.tga"
                save(name, picture(mode, 29, 23, 2), "TGA", compression="tga_rle" if rle else None, orientation=orientation)
    rng = np.random.default_rng(3)
    header = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 29, 23, 16, 0)
    FILES["tga_16.tga"] = header + rng.integers(0, 256, 29 * 23 * 2, np.uint8).tobytes()
    flipped = bytearray(FILES["tga_RGB.tga"])
    flipped[17] |= 0x10
    FILES["tga_RGB_right_to_left.tga"] = bytes(flipped)
    palette = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 3, 20, 16, 0, 0, 29, 23, 8, 0x20)
    FILES["tga_P_16.tga"] = palette + rng.integers(0, 256, 40, np.uint8).tobytes() + rng.integers(0, 23, 29 * 23, np.uint8).tobytes()
    opaque = FILES["tga_RGBA.tga"]
    opaque = opaque[:-26] if opaque.endswith(b"TRUEVISION-XFILE.\0") else opaque
    FILES["tga_RGBA_no_alpha.tga"] = opaque + bytes(495) + struct.pack("<II", len(opaque), 0) + b"TRUEVISION-XFILE.\0"


def make_pnm():
    g, rgb = scene(23, 17, 1, 4)[..., 0], scene(23, 17, 3, 5)
    bits = picture("1", 23, 17)
    save("pnm_1.pbm", bits, "PPM")
    save("pnm_L.pgm", picture("L", 23, 17), "PPM")
    save("pnm_RGB.ppm", picture("RGB", 23, 17), "PPM")
    save("pnm_I16.pgm", picture("I;16", 23, 17), "PPM")
    rows = "\n".join("".join("01"[int(v) // 128] for v in row) for row in g)
    FILES["pnm_plain.pbm"] = f"P1\n# comment\n23 17\n{rows}\n".encode()
    for maximum in (15, 200, 255, 1000, 65535):
        scale = [[int(v) * maximum // 255 for v in row] for row in g]
        FILES[f"pnm_plain_{maximum}.pgm"] = (f"P2 23 #c\n17\n{maximum}\n" + "\n".join(" ".join(map(str, r)) for r in scale)).encode()
        values = rgb.reshape(-1).astype(np.uint32) * maximum // 255
        FILES[f"pnm_plain_{maximum}.ppm"] = (f"P3\n23 17 {maximum}\n" + " ".join(map(str, values)) + " ").encode()
        dtype = ">u2" if maximum > 255 else np.uint8
        FILES[f"pnm_{maximum}.pgm"] = f"P5\n23 17\n{maximum}\n".encode() + np.array(scale).astype(dtype).tobytes()
        FILES[f"pnm_{maximum}.ppm"] = f"P6 23 17 {maximum}\n".encode() + values.astype(dtype).tobytes()


# --- PSD: a writer of our own, flattened pictures only -------------------------------------------------------------------------------
def packbits(row):
    out, at = bytearray(), 0
    while at < len(row):
        run = 1
        while run < 128 and at + run < len(row) and row[at + run] == row[at]:
            run += 1
        if run > 1:
            out += bytes((257 - run, row[at]))
        else:
            while run < 128 and at + run < len(row) and row[at + run] != row[at + run - 1]:
                run += 1
            out += bytes((run - 1,)) + bytes(row[at:at + run])
        at += run
    return bytes(out)


def psd(mode, planes, packed, colors=b""):
    height, width = planes[0].shape
    resources = b"8BIM" + struct.pack(">HHI", 1005, 0, 16) + bytes(16)  # the resolution, which nobody asks for
    out = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), height, width, 8, mode)
    out += struct.pack(">I", len(colors)) + colors + struct.pack(">I", len(resources)) + resources + bytes(4)
    rows = [row.tobytes() for plane in planes for row in plane]
    if packed:
        rows = [packbits(row) for row in rows]
        out += struct.pack(">H", 1) + struct.pack(f">{len(rows)}H", *map(len, rows))
    else:
        out += struct.pack(">H", 0)
    return out + b"".join(rows)


def make_psd():
    smooth = scene(45, 31, 5, 7) // 32 * 32  # with runs
    planes = [smooth[..., c] for c in range(5)]
    colors = np.random.default_rng(7).integers(0, 256, 768, np.uint8).tobytes()
    for packed in (False, True):
        end = "_rle.psd" if packed else ".psd"
        FILES["psd_grey" + end] = psd(1, planes[:1], packed)
        FILES["psd_palette" + end] = psd(2, planes[:1], packed, colors)
        FILES["psd_rgb" + end] = psd(3, planes[:3], packed)
        FILES["psd_rgba" + end] = psd(3, planes[:4], packed)
        FILES["psd_cmyk" + end] = psd(4, planes[:4], packed)
    FILES["psd_multichannel.psd"] = psd(7, planes[:2], False)
    FILES["psd_duotone.psd"] = psd(8, planes[:1], False, bytes(20))
    FILES["psd_rgb_and_two.psd"] = psd(3, planes, False)
    FILES["psd_cmyk_and_one.psd"] = psd(4, planes, False)


def make_gif():
    save("gif_P.gif", picture("P"), "GIF", interlace=0)
    save("gif_P_interlaced.gif", picture("P"), "GIF", interlace=1)
    save("gif_P_transparent.gif", picture("P"), "GIF", transparency=9)
    save("gif_L.gif", picture("L"), "GIF")
    save("gif_1.gif", picture("1"), "GIF")
    save("gif_animated.gif", picture("P", seed=1), "GIF", save_all=True, append_images=[picture("P", seed=2)], duration=50, loop=0)
    plain = bytearray(FILES["gif_P_transparent.gif"])
    canvas = bytearray(plain)
    canvas[6:10] = struct.pack("<HH", 60, 50)  # the frame covers a part of the canvas
    FILES["gif_small_frame.gif"] = bytes(canvas)
    canvas = bytearray(FILES["gif_P.gif"])
    canvas[6:10] = struct.pack("<HH", 20, 10)  # the frame sticks out
    FILES["gif_large_frame.gif"] = bytes(canvas)


def make_jpeg_and_webp():
    from PIL import Image as I
    for size, name in (((45, 31), ""), ((64, 48), "_even"), ((1, 1), "_1x1"), ((17, 3), "_narrow")):
        im = picture("RGB", *size)
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            save(f"jpeg_{subsampling.replace(':', '')}{name}.jpg", im, "JPEG", quality=85, subsampling=subsampling)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):  # large enough that columns and rows outside the crop are not decoded
        number = subsampling.replace(":", "")
        save(f"jpeg_wide_{number}.jpg", picture("RGB", 411, 37), "JPEG", quality=60, subsampling=subsampling)
        save(f"jpeg_tall_{number}.jpg", picture("RGB", 37, 411), "JPEG", quality=60, subsampling=subsampling)
        save(f"jpeg_wide_{number}_progressive.jpg", picture("RGB", 411, 37), "JPEG", quality=60, subsampling=subsampling, progressive=True)
        save(f"jpeg_tall_{number}_progressive.jpg", picture("RGB", 37, 411), "JPEG", quality=60, subsampling=subsampling, progressive=True)
    save("jpeg_wide_grey.jpg", picture("L", 411, 37), "JPEG", quality=60)
    save("jpeg_tall_cmyk.jpg", picture("CMYK", 37, 411), "JPEG", quality=60)
    save("jpeg_wide_cmyk.jpg", picture("CMYK", 411, 37), "JPEG", quality=60)
    save("jpeg_grey.jpg", picture("L"), "JPEG", quality=80)
    save("jpeg_progressive.jpg", picture("RGB", 61, 50), "JPEG", quality=75, progressive=True)
    save("jpeg_optimized.jpg", picture("RGB", 61, 50), "JPEG", quality=20, optimize=True)
    save("jpeg_restart.jpg", picture("RGB", 61, 50), "JPEG", quality=90, restart_marker_rows=1)
    save("jpeg_rgb.jpg", picture("RGB"), "JPEG", quality=90, keep_rgb=True)
    save("jpeg_cmyk.jpg", picture("CMYK"), "JPEG", quality=90)
    ycck = bytearray(FILES["jpeg_cmyk.jpg"])
    at = ycck.index(b"Adobe")
    ycck[at + 11] = 2  # the transform flag: YCCK
    FILES["jpeg_ycck.jpg"] = bytes(ycck)
    save("webp_lossy.webp", picture("RGB"), "WEBP", quality=70)
    save("webp_lossless.webp", picture("RGB"), "WEBP", lossless=True)
    save("webp_alpha.webp", picture("RGBA"), "WEBP", quality=60, exact=True)
    save("webp_lossless_alpha.webp", picture("RGBA"), "WEBP", lossless=True, exact=True)
    save("webp_animated.webp", picture("RGBA"), "WEBP", save_all=True, append_images=[picture("RGBA", seed=3)], lossless=True)
    for orientation in range(1, 9):
        exif = I.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = "a maker"
        save(f"exif_{orientation}.jpg", picture("RGB", 24, 16), "JPEG", exif=exif)
        save(f"exif_{orientation}_wide.jpg", picture("RGB", 140, 51), "JPEG", exif=exif, quality=60)
        save(f"exif_{orientation}.png", picture("LA", 11, 7), "PNG", exif=exif)
        save(f"exif_{orientation}.webp", picture("RGBA", 11, 7), "WEBP", exif=exif, lossless=True)
    big = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    save("exif_big_endian.jpg", picture("RGB", 24, 16), "JPEG", exif=big)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    save("xmp_8.jpg", picture("RGB", 24, 16), "JPEG", xmp=xmp)
    save("xmp_8.webp", picture("RGB", 24, 16), "WEBP", xmp=xmp, lossless=True)


def crc(data):
    return format(zlib.crc32(data), "08x")


def on_white(im):
    if "A" in im.getbands() or im.info.get("transparency") is not None:
        im = im.convert("RGBA")
        im = Image.alpha_composite(Image.new("RGBA", im.size, (255, 255, 255, 255)), im)
    return im.convert("RGB")


def opened(data):
    im = Image.open(io.BytesIO(data))
    im.load()
    return im


def golden(name, data, out):
    im = opened(data)
    orientation = im.getexif().get(0x0112, 1)
    out.append(("decode", name, im.mode, *im.size, orientation, crc(raw_bytes(im)), crc(im.convert("RGB").tobytes()),
                crc(on_white(im).tobytes())))
    if orientation != 1:
        upright = ImageOps.exif_transpose(im)
        out.append(("upright", name, *upright.size, crc(raw_bytes(upright))))
        for height, width in ((16, 16), (12, 20)):
            pixels = open_clip_pixels(upright, "shortest", "bicubic", height, width)
            out.append(("turned", name, height, width, crc(pixels.astype(np.float32).tobytes())))
    for resize, interpolation, first, height, width in (("shortest", "bicubic", 0, 32, 32), ("squash", "bilinear", 0, 24, 24),
                                                        ("shortest", "bicubic", 1, 32, 32), ("shortest", "bicubic", 0, 20, 14)):
        pixels = (transformers_pixels if first else open_clip_pixels)(im, resize, interpolation, height, width)
        out.append(("preprocess", name, resize, interpolation, first, height, width, crc(pixels.astype(np.float32).tobytes())))


TRUNCATED = ("jpeg_420.jpg", "jpeg_tall_420.jpg", "jpeg_tall_420_progressive.jpg", "jpeg_wide_422.jpg", "jpeg_progressive.jpg", "jpeg_restart.jpg", "jpeg_cmyk.jpg", "png_rgb_8.png", "png_palette_4_interlaced.png",
             "gif_P_interlaced.gif", "webp_lossy.webp", "webp_lossless_alpha.webp", "bmp_24.bmp", "bmp_rle8.bmp", "tga_RGB.tga",
             "tga_RGBA_rle.tga", "pnm_RGB.ppm", "pnm_plain_255.ppm", "psd_rgb.psd", "psd_cmyk_rle.psd")


def truncated(name, data, out):
    verdicts = ""
    for percent in range(1, 100):
        try:
            opened(data[:len(data) * percent // 100])
            verdicts += "1"
        except Exception:
            verdicts += "0"
    out.append(("truncated", name, verdicts))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for make in (make_png, make_bmp, make_tga, make_pnm, make_psd, make_gif, make_jpeg_and_webp):
        make()
    lines = []
    for name, data in sorted(FILES.items()):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        try:
            golden(name, data, lines)
        except Exception as error:
            print("Pillow refuses", name, repr(error))
    for name in TRUNCATED:
        truncated(name, FILES[name], lines)
    with open(os.path.join(folder, "golden.tsv"), "w") as f:
        for line in lines:
            f.write("\t".join(str(v) for v in line) + "\n")
    print(len(FILES), "files,", sum(map(len, FILES.values())), "bytes,", len(lines), "lines")


if __name__ == "__main__":
    main()
