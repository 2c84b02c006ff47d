#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

// clang-format off
#include <cstdio>  // jpeglib.h needs FILE
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "image/exif.h"
#include "image/jpeg_reader.h"

namespace simdclip {
namespace {

// Scans x pixels that a progressive file may make us walk over: empty scans cost a file nothing and a reader
// everything.
constexpr uint64_t kMaxScannedPixels = 1'000'000'000;

constexpr int kTooManyScans = -1;  // beside libjpeg's own message codes

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  int code;
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  errors->code = info->err->msg_code;
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

struct ScanLimit {
  jpeg_progress_mgr base;
  int max_scans;
};

struct Source {
  jpeg_source_mgr base;
  bool starved;
};

// Like Pillow's source: at the end of the bytes decoding suspends, which is how a truncated file is
// recognised.
boolean no_more_input(j_decompress_ptr info) {
  reinterpret_cast<Source*>(info->src)->starved = true;
  return FALSE;
}
void nothing(j_decompress_ptr) {}
void skip_input(j_decompress_ptr info, long count) {
  const size_t n = std::min(static_cast<size_t>(std::max(count, 0L)), info->src->bytes_in_buffer);
  info->src->next_input_byte += n;
  info->src->bytes_in_buffer -= n;
}

std::span<const uint8_t> marker_bytes(const jpeg_marker_struct& marker) {
  return {marker.data, marker.data_length};
}

bool has_prefix(std::span<const uint8_t> bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size() && std::memcmp(bytes.data(), prefix.data(), prefix.size()) == 0;
}

// Pillow appends the blocks of several EXIF markers and takes an orientation from XMP where EXIF has none.
int orientation_of(const jpeg_decompress_struct& info) {
  using namespace std::string_view_literals;
  std::vector<uint8_t> exif;
  std::string_view xmp;
  for (const jpeg_marker_struct* m = info.marker_list; m != nullptr; m = m->next) {
    const auto bytes = marker_bytes(*m);
    if (has_prefix(bytes, "Exif\0\0"sv)) {
      exif.insert(exif.end(), bytes.begin() + 6, bytes.end());
    } else if (has_prefix(bytes, "http://ns.adobe.com/xap/1.0/\0"sv)) {
      xmp = {reinterpret_cast<const char*>(bytes.data()) + 29, bytes.size() - 29};
    }
  }
  if (const int orientation = exif_orientation(exif)) return orientation;
  const int orientation = xmp_orientation(xmp);
  return orientation == 0 ? 1 : orientation;
}

}  // namespace

struct JpegReader::State {
  explicit State(const EncodedImage& input) : in(input) {}
  ~State() {
    if (created) jpeg_destroy_decompress(&info);
  }

  // Runs f, which calls into libjpeg and holds nothing that needs a destructor. Throws what libjpeg reports.
  template <typename F>
  void guarded(F f) {
    if (setjmp(errors.jump) != 0) throw_error();
    f();
  }
  void set_size();
  void crop();
  [[noreturn]] void throw_error() const {
    switch (errors.code) {
      case kTooManyScans:
        fail(ErrorCode::too_large, in.name, ": a progressive JPEG of ", info.image_width, " x ",
             info.image_height, " pixels with more than ", info.input_scan_number - 1,
             " scans, which no camera or program writes");
      case JERR_OUT_OF_MEMORY:
        fail(ErrorCode::too_large, in.name, ": the JPEG picture does not fit in memory");
      case JERR_IMAGE_TOO_BIG:
      case JERR_WIDTH_OVERFLOW: fail(ErrorCode::too_large, in.name, ": ", errors.message);
      case JERR_SOF_UNSUPPORTED:
      case JERR_BAD_PRECISION:
      case JERR_CCIR601_NOTIMPL:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_ARITH_NOTIMPL:
      case JERR_NOT_COMPILED: fail_unsupported(in, "JPEG of an unusual kind: ", errors.message);
      default: fail_damaged(in, "JPEG data: ", errors.message);
    }
  }
  [[noreturn]] void throw_truncated() const {
    fail_damaged(in, "JPEG data ends after ", in.size(), " bytes, before row ", row + 1, " of ",
                 info.image_height);
  }

  EncodedImage in;
  ErrorManager errors = {};
  Source source = {};
  jpeg_decompress_struct info = {};
  bool created = false, started = false;
  uint32_t row = 0;    // rows read
  uint32_t width = 0;  // of a row; libjpeg's output_width shrinks when it crops
  uint32_t kept_begin = 0, kept_end = 0;
  uint32_t crop_begin = 0;  // the first column that libjpeg delivers
  int orientation = 1;
};

JpegReader::JpegReader(const EncodedImage& in) : state_(std::make_unique<State>(in)) {
  State& s = *state_;
  jpeg_decompress_struct& info = s.info;
  info.err = jpeg_std_error(&s.errors.base);
  s.errors.base.error_exit = on_error;
  s.errors.base.output_message = [](j_common_ptr) {};
  s.source.base.next_input_byte = in.data();
  s.source.base.bytes_in_buffer = in.size();
  s.source.base.init_source = nothing;
  s.source.base.fill_input_buffer = no_more_input;
  s.source.base.skip_input_data = skip_input;
  s.source.base.resync_to_restart = jpeg_resync_to_restart;
  s.source.base.term_source = nothing;
  int header = JPEG_SUSPENDED;
  s.guarded([&] {
    jpeg_create_decompress(&info);
    s.created = true;
    info.src = &s.source.base;
    jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
    header = jpeg_read_header(&info, TRUE);
  });
  if (header == JPEG_SUSPENDED) fail_damaged(in, "JPEG header is cut off after ", in.size(), " bytes");
  check_dimensions(in, "JPEG", info.image_width, info.image_height);
  switch (info.num_components) {
    case 1: info.out_color_space = JCS_GRAYSCALE; break;
    case 3: info.out_color_space = JCS_RGB; break;
    case 4: info.out_color_space = JCS_CMYK; break;
    default: fail_unsupported(in, "JPEG with ", info.num_components, " components");
  }
  info.dct_method = JDCT_ISLOW;
  s.set_size();
  s.orientation = orientation_of(info);
}

JpegReader::~JpegReader() = default;

uint32_t JpegReader::width() const noexcept { return state_->width; }
uint32_t JpegReader::height() const noexcept { return state_->info.output_height; }
PixelMode JpegReader::mode() const noexcept {
  const int components = state_->info.num_components;
  return components == 1 ? PixelMode::grey : components == 3 ? PixelMode::rgb : PixelMode::cmyk;
}
int JpegReader::orientation() const noexcept { return state_->orientation; }

void JpegReader::State::set_size() {
  guarded([&] { jpeg_calc_output_dimensions(&info); });
  width = kept_end = info.output_width;
}

void JpegReader::scale_down(uint32_t denominator) {
  state_->info.scale_num = 1;
  state_->info.scale_denom = denominator;
  state_->set_size();
}

void JpegReader::keep_columns(uint32_t begin, uint32_t end) {
  state_->kept_begin = begin;
  state_->kept_end = end;
}

void JpegReader::start() {
  State& s = *state_;
  if (s.started) return;
  const uint64_t pixels = uint64_t{s.info.image_width} * s.info.image_height;
  ScanLimit limit{{}, static_cast<int>(std::clamp<uint64_t>(kMaxScannedPixels / pixels, 20, 500))};
  limit.base.progress_monitor = [](j_common_ptr common) {
    const auto* info = reinterpret_cast<j_decompress_ptr>(common);
    if (info->input_scan_number <= reinterpret_cast<const ScanLimit*>(common->progress)->max_scans) return;
    auto* errors = reinterpret_cast<ErrorManager*>(common->err);
    errors->code = kTooManyScans;
    std::longjmp(errors->jump, 1);
  };
  s.info.progress = &limit.base;
  boolean ready = FALSE;
  s.guarded([&] { ready = jpeg_start_decompress(&s.info); });
  s.info.progress = nullptr;
  if (!ready) s.throw_truncated();
  s.started = true;
  s.crop();
}

// The upsampler takes the edge of what is decoded for the edge of the picture, so a block more is decoded on
// each side.
void JpegReader::State::crop() {
  constexpr uint32_t kMargin = 32;     // the widest block: 4 x 8 pixels
  constexpr uint32_t kWorthwhile = 8;  // a crop that spares less than an eighth is left alone
  JDIMENSION begin = kept_begin > kMargin ? kept_begin - kMargin : 0;
  JDIMENSION columns = std::min(width, kept_end + kMargin) - begin;
  if (width - columns < width / kWorthwhile || width == columns) return;
  guarded([&] { jpeg_crop_scanline(&info, &begin, &columns); });
  crop_begin = begin;
}

void JpegReader::read(uint8_t* rows, size_t stride, size_t count) {
  start();
  State& s = *state_;
  const size_t channels = bytes_per_pixel(mode());
  for (size_t done = 0; done < count;) {
    constexpr size_t kRows = 16;
    JSAMPROW pointers[kRows];
    const size_t n = std::min(count - done, kRows);
    for (size_t r = 0; r < n; ++r) pointers[r] = rows + (done + r) * stride + s.crop_begin * channels;
    JDIMENSION got = 0;
    s.guarded([&] { got = jpeg_read_scanlines(&s.info, pointers, static_cast<JDIMENSION>(n)); });
    if (got == 0) s.throw_truncated();
    if (mode() == PixelMode::cmyk) {  // Adobe's convention, which Pillow takes for granted: 255 is no ink
      for (size_t r = 0; r < got; ++r) {
        for (size_t x = 0; x < s.info.output_width * channels; ++x)
          pointers[r][x] = static_cast<uint8_t>(255 - pointers[r][x]);
      }
    }
    done += got;
    s.row += got;
  }
}

void JpegReader::skip(size_t count) {
  if (count == 0) return;
  start();
  State& s = *state_;
  JDIMENSION passed = 0;
  s.guarded([&] { passed = jpeg_skip_scanlines(&s.info, static_cast<JDIMENSION>(count)); });
  if (passed != count || s.source.starved) s.throw_truncated();
  s.row += passed;
}

void JpegReader::finish() {
  State& s = *state_;
  const uint32_t left = height() - s.row;
  if (left == 0 || jpeg_has_multiple_scans(&s.info))
    return;  // a file of several scans was read to its end before the first row
  // libjpeg does not look at rows that are skipped up to the last one: that one is read.
  skip(left - 1);
  std::vector<uint8_t> row(size_t{width()} * bytes_per_pixel(mode()));
  read(row.data(), row.size(), 1);
}

Image decode_jpeg(const EncodedImage& in) {
  JpegReader reader(in);
  Image image = make_image(reader.width(), reader.height(), reader.mode());
  image.orientation = reader.orientation();
  reader.read(image.pixels.data(), size_t{image.width} * bytes_per_pixel(image.mode), image.height);
  return image;
}

}  // namespace simdclip
