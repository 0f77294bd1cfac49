using System.Buffers;
using System.Globalization;

namespace System.Runtime.CompilerServices;

/// <summary>
/// Builds every interpolated string of the project it is compiled into, by the invariant culture. The compiler looks for this type by its name, and finds it here before the
/// framework's, which follows the culture of the thread: with this one, "{loss}" is "0.5" wherever the program runs, without a word at each place.
/// docs/decisions/032-files-of-several-writers.md tells more.
/// </summary>
[InterpolatedStringHandler]
ref struct DefaultInterpolatedStringHandler
{
    const int LengthOfHole = 12;

    char[] _text;
    int _length;

    /// <summary>Makes room for the text.</summary>
    public DefaultInterpolatedStringHandler(int literalLength, int formattedCount) =>
        _text = ArrayPool<char>.Shared.Rent(Math.Max(256, literalLength + formattedCount * LengthOfHole));

    /// <summary>Appends a part of the text as it is written.</summary>
    public void AppendLiteral(string value) => Append(value);

    /// <summary>Appends a value.</summary>
    public void AppendFormatted<T>(T value) => AppendFormatted(value, null);

    /// <summary>Appends a value in a format.</summary>
    public void AppendFormatted<T>(T value, string? format)
    {
        if (value is ISpanFormattable)
        {
            int written;
            // no box: the constraint is known where the value is a struct
            while (!((ISpanFormattable)value).TryFormat(_text.AsSpan(_length), out written, format, CultureInfo.InvariantCulture))
                Grow(_text.Length);
            _length += written;
        }
        else
            Append(value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : value?.ToString());
    }

    /// <summary>Appends a value in so many places: at their end, or at their beginning if negative.</summary>
    public void AppendFormatted<T>(T value, int alignment) => AppendFormatted(value, alignment, null);

    /// <summary>Appends a value in a format and so many places.</summary>
    public void AppendFormatted<T>(T value, int alignment, string? format)
    {
        int start = _length;
        AppendFormatted(value, format);
        int missing = Math.Abs(alignment) - (_length - start);
        if (missing <= 0)
            return;
        if (_text.Length - _length < missing)
            Grow(missing);
        var here = _text.AsSpan(start, _length - start);
        if (alignment > 0)
        {
            here.CopyTo(_text.AsSpan(start + missing));
            _text.AsSpan(start, missing).Fill(' ');
        }
        else
            _text.AsSpan(_length, missing).Fill(' ');
        _length += missing;
    }

    /// <summary>Appends characters.</summary>
    public void AppendFormatted(scoped ReadOnlySpan<char> value) => Append(value);

    /// <summary>Appends characters in so many places.</summary>
    public void AppendFormatted(scoped ReadOnlySpan<char> value, int alignment, string? format = null) =>
        AppendFormatted(value.ToString(), alignment, format);

    /// <summary>Gives the text, and the room back.</summary>
    public string ToStringAndClear()
    {
        string text = new(_text, 0, _length);
        ArrayPool<char>.Shared.Return(_text);
        this = default;
        return text;
    }

    void Append(scoped ReadOnlySpan<char> value)
    {
        if (_text.Length - _length < value.Length)
            Grow(value.Length);
        value.CopyTo(_text.AsSpan(_length));
        _length += value.Length;
    }

    void Grow(int more)
    {
        char[] larger = ArrayPool<char>.Shared.Rent(checked(Math.Max(_length + more, 2 * _text.Length)));
        _text.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<char>.Shared.Return(_text);
        _text = larger;
    }
}
