// CRC-32: the remainder of the bytes, as a polynomial over two elements, by a polynomial of degree
// 32. The lowest bit of a byte has the highest power. A number of 32 bits holds x^0 in its highest
// bit, so a step to the right multiplies by x.
//
// References:
//   Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction, 2009.
//   Kounavis and Berry, A Systematic Approach to Building High Performance Software-Based CRC
//   Generators, 2005: eight tables.

#include "kernels/checksum.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "support/lanes.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr uint32_t kPolynomial = 0xEDB88320u;  // without its x^32

constexpr uint32_t times_x(uint32_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
}

// In of[i][byte] is what a byte leaves that i others follow.
struct Tables {
  uint32_t of[8][256];
};

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(value);
    tables.of[0][byte] = value;
  }
  for (int i = 1; i < 8; ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables.of[i - 1][byte];
      tables.of[i][byte] = (before >> 8) ^ tables.of[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

PENLIGHT_INLINE uint32_t load(const uint8_t* at) {
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

// The remainder of data behind bytes whose remainder is given, eight bytes at a time.
uint32_t by_tables(const uint8_t* data, int64_t n, uint32_t remainder) {
  const auto& table = kTables.of;
  for (; n >= 8; data += 8, n -= 8) {
    const uint32_t a = load(data) ^ remainder, b = load(data + 4);
    remainder = table[7][a & 0xFF] ^ table[6][a >> 8 & 0xFF] ^ table[5][a >> 16 & 0xFF] ^
                table[4][a >> 24] ^ table[3][b & 0xFF] ^ table[2][b >> 8 & 0xFF] ^
                table[1][b >> 16 & 0xFF] ^ table[0][b >> 24];
  }
  for (; n > 0; ++data, --n) {
    remainder = (remainder >> 8) ^ table[0][(remainder ^ *data) & 0xFF];
  }
  return remainder;
}

#if defined(__AVX2__)

// Carry-less products come with no level, so their functions ask for them by name.
#define PENLIGHT_CARRY_LESS __attribute__((target("pclmul")))

// The remainder of x^power, as a factor of 64 bits: there it stands for x^31 times as much.
constexpr int64_t factor(int power) {
  uint32_t value = 0x80000000u;
  for (int i = 0; i < power; ++i) value = times_x(value);
  return static_cast<int64_t>(uint64_t{value} << 1);
}

PENLIGHT_CARRY_LESS inline __m128i load_block(const uint8_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// A block of 128 bits moved up to where it meets `next`: its low half, whose powers are higher by
// 64, times one factor, its high half times the other. A product of two numbers of 64 bits, read as
// one of 128, is x times as much: with the 31 of the factor, the 32 by which powers differ.
PENLIGHT_CARRY_LESS inline __m128i fold(__m128i block, __m128i factors, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(block, factors, 0x00);
  const __m128i high = _mm_clmulepi64_si128(block, factors, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// The same for 64 bytes or more: four blocks folded side by side, then into one, then what follows
// into that. The tables take the remainder of the last block and of the bytes left.
PENLIGHT_CARRY_LESS uint32_t by_products(const uint8_t* data, int64_t n, uint32_t remainder) {
  const __m128i over_four = _mm_set_epi64x(factor(512 - 32), factor(512 + 32));
  const __m128i over_one = _mm_set_epi64x(factor(128 - 32), factor(128 + 32));
  __m128i a = _mm_xor_si128(load_block(data), _mm_cvtsi32_si128(static_cast<int>(remainder)));
  __m128i b = load_block(data + 16), c = load_block(data + 32), d = load_block(data + 48);
  for (data += 64, n -= 64; n >= 64; data += 64, n -= 64) {
    a = fold(a, over_four, load_block(data));
    b = fold(b, over_four, load_block(data + 16));
    c = fold(c, over_four, load_block(data + 32));
    d = fold(d, over_four, load_block(data + 48));
  }
  __m128i block = fold(fold(fold(a, over_one, b), over_one, c), over_one, d);
  for (; n >= 16; data += 16, n -= 16) block = fold(block, over_one, load_block(data));
  alignas(16) uint8_t last[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(last), block);
  return by_tables(data, n, by_tables(last, 16, 0));
}

#endif

uint32_t crc32(const uint8_t* data, int64_t n, uint32_t value) {
#if defined(__AVX2__)
  if (n >= 64 && __builtin_cpu_supports("pclmul")) return ~by_products(data, n, ~value);
#endif
  return ~by_tables(data, n, ~value);
}

}  // namespace

const ChecksumKernels kChecksum{crc32};

}  // namespace penlight::PENLIGHT_LEVEL
