using System.Collections.Immutable;
using System.Globalization;

namespace Cv.Runtime;

/// <summary>Reads the Python dictionary of a .npy header: 'descr', 'fortran_order' and 'shape', each once, in any order.</summary>
sealed class NpyDictionary(string text, Func<string, string, DataException> error)
{
    int _at;

    public NpyHeader Read()
    {
        StoredType? type = null;
        bool? columnMajor = null;
        ImmutableArray<long>? dims = null;
        Take('{');
        while (!Sees('}'))
        {
            string key = Word();
            Take(':');
            if (key == "descr" && type is null)
                type = TypeOf(Word());
            else if (key == "fortran_order" && columnMajor is null)
                columnMajor = Truth();
            else if (key == "shape" && dims is null)
                dims = Tuple();
            else
                throw error("'descr', 'fortran_order' and 'shape' once each", $"'{Excerpt.Of(key)}' in {Shown()}");
            if (!Sees('}'))
                Take(',');
        }
        Take('}');
        if (Next() != '\0')
            throw error("nothing after the header's }", Shown());
        return type is { } t && columnMajor is { } c && dims is { } d
            ? new(t, c, d)
            : throw error("'descr', 'fortran_order' and 'shape'", Shown());
    }

    StoredType TypeOf(string descr)
    {
        // byte order, kind, bytes; | is said where there is no order
        if (descr is ['<' or '>' or '|' or '=', var kind, .. var digits])
        {
            bool big = descr[0] == '>';
            StoredType? type = (kind, digits) switch
            {
                ('f', "8" or "4" or "2") => new(StoredKind.Float, digits[0] - '0', big),
                ('i', "8" or "4" or "2" or "1") => new(StoredKind.Signed, digits[0] - '0', big),
                ('u', "8" or "4" or "2" or "1") => new(StoredKind.Unsigned, digits[0] - '0', big),
                ('b', "1") => new(StoredKind.Truth, 1),
                _ => null,
            };
            if (type is { } known && (known.Bytes == 1 || descr[0] != '|'))
                return known;
        }
        throw error("elements f2, f4, f8, i1 to i8, u1 to u8 or b1", $"'{Excerpt.Of(descr)}'. Convert them: a.astype('<f4')");
    }

    ImmutableArray<long> Tuple()
    {
        var dims = ImmutableArray.CreateBuilder<long>();
        Take('(');
        while (!Sees(')'))
        {
            int start = _at;
            while (_at < text.Length && char.IsAsciiDigit(text[_at]))
                _at++;
            if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long dim))
                throw error("a shape of whole numbers", Shown());
            dims.Add(dim);
            if (!Sees(')'))
                Take(',');
        }
        Take(')');
        return dims.ToImmutable();
    }

    bool Truth()
    {
        Next();
        foreach (string word in (string[])["True", "False"])
            if (string.CompareOrdinal(text, _at, word, 0, word.Length) == 0)
            {
                _at += word.Length;
                return word == "True";
            }
        throw error("True or False for 'fortran_order'", Shown());
    }

    string Word()
    {
        char quote = Next();
        int end = quote is '\'' or '"' ? text.IndexOf(quote, _at + 1) : -1;
        if (end < 0)
            throw error("a text in quotes", Shown());
        string word = text[(_at + 1)..end];
        _at = end + 1;
        return word;
    }

    void Take(char expected)
    {
        if (Next() != expected)
            throw error($"{expected} at character {_at} of the header", Shown());
        _at++;
    }

    bool Sees(char expected) => Next() == expected;

    /// <summary>Skips blanks; gives the next character without taking it, or a zero at the end.</summary>
    char Next()
    {
        while (_at < text.Length && text[_at] is ' ' or '\n')
            _at++;
        return _at < text.Length ? text[_at] : '\0';
    }

    string Shown() => Excerpt.Of(text.TrimEnd());
}
