#include "simdclip/contact_sheet.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "apps/markup.h"
#include "apps/picture_source.h"
#include "base/atomic_file.h"
#include "base/cpu.h"
#include "base/thread_pool.h"
#include "image/thumbnail.h"
#include "simdclip/error.h"

namespace simdclip {
namespace {

constexpr size_t kAtOnce = 64;  // pictures whose HTML is held before it is written

constexpr const char* kStyle = R"(<style>
body{background:#181818;color:#ddd;font:14px/1.4 system-ui,sans-serif;margin:24px}
h1{font-size:20px}h2{font-size:16px;margin:28px 0 8px}h2 span{color:#888;font-weight:normal}
.sheet{display:flex;flex-wrap:wrap;gap:12px}
figure{margin:0;width:240px}
figure a{display:flex;height:200px;align-items:center;justify-content:center;background:#222}
figure img{max-width:100%;max-height:100%;object-fit:contain}
figcaption{overflow-wrap:anywhere;font-size:12px;color:#aaa;padding:4px 0}figcaption b{color:#fff}
.bad{padding:12px;color:#e88;font-size:12px}
</style>
)";

// A file: address of any bytes.
std::string address(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "file://";
  for (const char c : error ? path : whole.string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') ||
                       std::string_view("/-_.~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8U | (j < have ? std::to_integer<uint32_t>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) out += j <= have ? kDigits[group >> (18 - 6 * j) & 63U] : '=';
  }
  return out;
}

std::string figure(const SheetPicture& picture, const SheetOptions& options) {
  std::string inside;
  try {
    std::vector<std::byte> bytes;
    read_file(picture.path, bytes);
    uint32_t width = 0, height = 0;
    const auto jpeg =
        make_thumbnail(bytes, picture.path, options.thumbnail, options.apply_orientation, width, height);
    inside = "<img width=\"" + std::to_string(width) + "\" height=\"" + std::to_string(height) +
             "\" alt=\"\" src=\"data:image/jpeg;base64," + base64(jpeg) + "\">";
  } catch (const Error& error) {
    inside = "<span class=\"bad\">" + markup_escaped(error.what()) + "</span>";
  }
  return "<figure><a href=\"" + markup_escaped(address(picture.path)) + "\">" + inside +
         "</a><figcaption><b>" + markup_escaped(picture.caption) + "</b> " + markup_escaped(picture.path) +
         "</figcaption></figure>\n";
}

}  // namespace

void write_contact_sheet(const std::string& html, const std::string& title,
                         std::span<const SheetSection> sections, const SheetOptions& options) {
  AtomicFile file(html);
  const auto write = [&](const std::string& text) { file.write(std::as_bytes(std::span(text))); };
  size_t total = 0, done = 0;
  for (const SheetSection& section : sections) total += section.pictures.size();
  ThreadPool pool(options.threads == 0 ? usable_cores() : options.threads);
  write("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + markup_escaped(title) +
        "</title>\n" + kStyle + "</head><body>\n<h1>" + markup_escaped(title) + "</h1>\n");
  for (const SheetSection& section : sections) {
    write("<h2>" + markup_escaped(section.title) + " <span>" + std::to_string(section.pictures.size()) +
          (section.pictures.size() == 1 ? " picture" : " pictures") +
          "</span></h2>\n<div class=\"sheet\">\n");
    for (size_t begin = 0; begin < section.pictures.size(); begin += kAtOnce) {
      std::vector<std::string> figures(std::min(kAtOnce, section.pictures.size() - begin));
      pool.parallel_for(figures.size(),
                        [&](size_t i) { figures[i] = figure(section.pictures[begin + i], options); });
      for (const std::string& one : figures) write(one);
      done += figures.size();
      if (options.on_progress) options.on_progress(done, total);
    }
    write("</div>\n");
  }
  write("</body></html>\n");
  file.commit();
}

}  // namespace simdclip
