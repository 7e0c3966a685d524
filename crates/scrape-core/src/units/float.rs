//! Floats as Go prints them with `'g', -1`: shortest digits that read back, exponent form when the decimal
//! exponent is below -4 or at least 6 (`1.6384e+06`). Prometheus stores such texts as label values and prints
//! samples with them.

/// The float as Go's `strconv.FormatFloat(f, 'g', -1, 64)` writes it; `+Inf`, `-Inf` and `NaN` included.
pub fn go_float_text(value: f64) -> String {
    let mut out = String::new();
    push_go_float(&mut out, value);
    out
}

/// Like [`go_float_text`], but a value without point or exponent gains `.0`, as OpenMetrics wants.
pub fn openmetrics_float_text(value: f64) -> String {
    let mut out = String::new();
    push_openmetrics_float(&mut out, value);
    out
}

/// Appends [`openmetrics_float_text`] to `out`.
pub fn push_openmetrics_float(out: &mut String, value: f64) {
    if value == 0.0 {
        // Prometheus forgets the sign of zero here.
        return out.push_str("0.0");
    }
    let start = out.len();
    push_go_float(out, value);
    if value.is_finite() && !out[start..].contains(['.', 'e']) {
        out.push_str(".0");
    }
}

/// Appends [`go_float_text`] to `out`.
pub fn push_go_float(out: &mut String, value: f64) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    // Integers below the exponent form, the most frequent values by far. Excludes -0, which keeps its sign.
    if value.fract() == 0.0 && value.abs() < 1e6 && (value != 0.0 || value.is_sign_positive()) {
        return out.push_str(itoa::Buffer::new().format(value as i64));
    }
    // std gives the shortest digits as d.ddde±x; only the layout differs from Go's.
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').expect("std's exponent form has an e");
    let exponent: i32 = exponent.parse().expect("std's exponent is an integer");
    if (-4..6).contains(&exponent) {
        push_plain(out, mantissa, exponent);
    } else {
        out.push_str(mantissa);
        out.push('e');
        out.push(if exponent < 0 { '-' } else { '+' });
        let digits = exponent.unsigned_abs();
        if digits < 10 {
            out.push('0');
        }
        out.push_str(itoa::Buffer::new().format(digits));
    }
}

/// `mantissa × 10^exponent` written out, for small exponents.
fn push_plain(out: &mut String, mantissa: &str, exponent: i32) {
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.push_str(sign);
    match usize::try_from(exponent) {
        Ok(shift) => {
            out.push_str(whole);
            let (moved, rest) = fraction.split_at(shift.min(fraction.len()));
            out.push_str(moved);
            out.extend(std::iter::repeat_n('0', shift - moved.len()));
            if !rest.is_empty() {
                out.push('.');
                out.push_str(rest);
            }
        }
        Err(_) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n(
                '0',
                exponent.unsigned_abs() as usize - 1,
            ));
            out.push_str(whole);
            out.push_str(fraction);
        }
    }
}
