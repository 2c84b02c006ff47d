#include <algorithm>
#include <charconv>

#include "apps/markup.h"
#include "simdclip/score.h"

namespace simdclip {
namespace {

std::string fixed(double value) {
  char buffer[400];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, 3).ptr};
}

// A path as a relative URL: bytes that mean something in one are written %XX.
std::string as_url(const std::string& path) {
  std::string out;
  for (const char c : path) {
    const unsigned byte = static_cast<unsigned char>(c);
    if ((byte | 0x20U) - 'a' < 26U || byte - '0' < 10U ||
        std::string_view("/._-~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', "0123456789ABCDEF"[byte >> 4U], "0123456789ABCDEF"[byte & 15U]};
    }
  }
  return out;
}

constexpr const char* kStyle =
    "body{font-family:sans-serif;margin:2em;color:#222}table{border-collapse:collapse}td,th{padding:.4em "
    ".8em;border-bottom:1px solid #ddd;"
    "text-align:left;vertical-align:middle}td.n{text-align:right;font-variant-numeric:tabular-nums}img{max-"
    "width:12em;max-height:9em}"
    "svg{max-width:40em}";

}  // namespace

std::string report_html(const std::string& title, const std::vector<std::string>& scores,
                        std::vector<ReportRow> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const ReportRow& a, const ReportRow& b) {
    return !a.scores.empty() && a.scores[0] > b.scores[0];
  });
  std::string out = "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>" + markup_escaped(title) +
                    "</title><style>" + kStyle + "</style></head><body>\n<h1>" + markup_escaped(title) +
                    "</h1>\n";
  for (size_t s = 0; s < scores.size(); ++s) {
    std::vector<double> values;
    for (const ReportRow& row : rows) values.push_back(row.scores[s]);
    out += histogram_svg(values, scores[s]);
  }
  out += "<table>\n<tr><th>rank</th><th>picture</th><th>prompt</th>";
  for (const std::string& name : scores) out += "<th>" + markup_escaped(name) + "</th>";
  out += "</tr>\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const ReportRow& row = rows[i];
    out += "<tr><td class=\"n\">" + std::to_string(i + 1) + "</td><td><a href=\"" + as_url(row.picture) +
           "\"><img loading=\"lazy\" src=\"" + as_url(row.picture) + "\" alt=\"\"></a><br>" +
           markup_escaped(row.picture) + "</td><td>" + markup_escaped(row.prompt) + "</td>";
    for (const double score : row.scores) out += "<td class=\"n\">" + fixed(score) + "</td>";
    out += "</tr>\n";
  }
  return out + "</table>\n</body></html>\n";
}

}  // namespace simdclip
