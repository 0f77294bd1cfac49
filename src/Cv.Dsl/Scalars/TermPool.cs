using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Keeps each term once, and applies the laws that keep every value, or bring it closer (docs/SEMANTICS.md). Not for several threads at a time.
/// </summary>
sealed class TermPool
{
    readonly Dictionary<Key, Term> _known = [];

    public Term Number(double value) => Make(Head.Number, value, null, []);

    public Term Truth(bool value) => Make(Head.Truth, value ? 1 : 0, null, []);

    public Term Argument(int number, bool isTruth = false) => Make(Head.Argument, number, null, [], isTruth);

    public Term Choose(Term test, Term a, Term b) =>
        test.Head == Head.Truth ? (test.Value != 0 ? a : b)
        : a == b ? a
        : a.IsTruth ? Of(Head.Or, Of(Head.And, test, a), Of(Head.And, Of(Head.Not, test), b))
        : test is (Head.Not, [var mask]) ? Choose(mask, b, a)
        : Make(Head.Choose, 0, null, [test, a, b]);

    public Term Call(string function, params Term[] parts) => Call(ScalarFunction.Named(function), parts);

    public Term Call(ScalarFunction function, params Term[] parts)
    {
        if (parts.All(p => p.Head == Head.Number) && function.Value([.. parts.Select(p => p.Value)]) is { } value)
            return Number(value);
        return Law(function.Name, parts) ?? Make(Head.Call, 0, function, [.. parts]);
    }

    static Term? Law(string function, Term[] parts) =>
        (function, parts) switch
        {
            ("Pow", [var x, { Head: Head.Number, Value: 0 }]) => x.Like(1),
            ("Pow", [var x, { Head: Head.Number, Value: 1 }]) => x,
            ("Pow", [var x, { Head: Head.Number, Value: 2 }]) => x * x,
            ("Pow", [var x, { Head: Head.Number, Value: -1 }]) => 1 / x,
            ("Max" or "Min", [var x, var z]) when x == z => x,
            ("Abs", [(Head.Negate, [var x])]) => x.Pool.Call("Abs", x), // |-x| = |x|
            ("Abs", [{ Function.Name: "Abs" } x]) => x, // ||x|| = |x|
            _ => null,
        };

    public Term Of(Head head, params Term[] parts) => Fold(head, parts) ?? Law(head, parts) ?? Make(head, 0, null, [.. parts]);

    static Term? Law(Head head, Term[] parts) =>
        (head, parts) switch
        {
            (Head.Add, [{ IsZero: true }, var x]) => x,
            (Head.Add, [var x, { IsZero: true }]) => x,
            (Head.Add, [var x, (Head.Negate, [var z])]) => x - z, // x + -z = x - z
            (Head.Add, [(Head.Negate, [var z]), var x]) => x - z, // -z + x = x - z
            (Head.Subtract, [var x, { IsZero: true }]) => x,
            (Head.Subtract, [{ IsZero: true }, var x]) => -x,
            (Head.Subtract, [var x, (Head.Negate, [var z])]) => x + z, // x - -z = x + z
            (Head.Negate, [(Head.Negate, [var x])]) => x,
            (Head.Multiply, [var x, var z]) when x.Is(1) => z,
            (Head.Multiply, [var x, var z]) when z.Is(1) => x,
            (Head.Multiply, [var x, var z]) when x.Is(-1) => -z,
            (Head.Multiply, [var x, var z]) when z.Is(-1) => -x,
            (Head.Multiply, [(Head.Negate, [var x]), var z]) => -(x * z), // -x * z = -(x * z)
            (Head.Multiply, [var x, (Head.Negate, [var z])]) => -(x * z), // x * -z = -(x * z)
            (Head.Divide, [var x, var z]) when z.Is(1) => x,
            (Head.Divide, [var x, var z]) when z.Is(-1) => -x,
            (Head.Not, [(Head.Not, [var mask])]) => mask,
            (Head.And, [{ Head: Head.Truth, Value: var t } no, var mask]) => t == 0 ? no : mask,
            (Head.And, [var mask, { Head: Head.Truth, Value: var t } no]) => t == 0 ? no : mask,
            (Head.Or, [{ Head: Head.Truth, Value: var t } yes, var mask]) => t == 0 ? mask : yes,
            (Head.Or, [var mask, { Head: Head.Truth, Value: var t } yes]) => t == 0 ? mask : yes,
            _ => null,
        };

    /// <summary>Computes what is made of numbers alone, in f64.</summary>
    Term? Fold(Head head, Term[] parts)
    {
        foreach (var part in parts)
            if (part.Head is not (Head.Number or Head.Truth))
                return null;
        double a = parts[0].Value,
            b = parts[^1].Value;
        return head switch
        {
            Head.Add => Number(a + b),
            Head.Subtract => Number(a - b),
            Head.Multiply => Number(a * b),
            Head.Divide => Number(a / b),
            Head.Negate => Number(-a),
            Head.Less => Truth(a < b),
            Head.LessEqual => Truth(a <= b),
            Head.Greater => Truth(a > b),
            Head.GreaterEqual => Truth(a >= b),
            Head.Equal => Truth(a == b),
            Head.NotEqual => Truth(a != b),
            Head.And => Truth(a != 0 && b != 0),
            Head.Or => Truth(a != 0 || b != 0),
            Head.Not => Truth(a == 0),
            _ => null,
        };
    }

    Term Make(Head head, double value, ScalarFunction? function, ImmutableArray<Term> parts, bool isTruth = false)
    {
        var key = new Key(head, BitConverter.DoubleToInt64Bits(value), function, parts, isTruth);
        if (!_known.TryGetValue(key, out var term))
            _known[key] = term = new(
                this,
                _known.Count,
                head,
                value,
                function,
                parts,
                isTruth || head is Head.Truth or (>= Head.Less and <= Head.Not)
            );
        return term;
    }

    readonly record struct Key(Head Head, long Value, ScalarFunction? Function, ImmutableArray<Term> Parts, bool IsTruth)
    {
        public bool Equals(Key other) =>
            Head == other.Head
            && Value == other.Value
            && IsTruth == other.IsTruth
            && Equals(Function, other.Function)
            && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Head);
            hash.Add(Value);
            hash.Add(Function);
            foreach (var part in Parts)
                hash.Add(part.Order);
            return hash.ToHashCode();
        }
    }
}
