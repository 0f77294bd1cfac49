using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Evaluates terms in a tower, on one branch: signs of what tests compare are chosen once for each difference, and so are the same for the value and for the derivative. A difference that is
/// linear in one argument bounds it; where the bounds so far decide, nothing is chosen.
/// </summary>
sealed partial class TowerRun
{
    readonly Tower _tower;
    readonly Constants _constants;
    readonly Branches? _branches;
    readonly ExactRun? _decisions;
    readonly Rational?[] _at;
    readonly int _argument;
    readonly Dictionary<Term, Node> _values = [];
    readonly Dictionary<Term, Node?> _slopes = [];
    readonly List<(Node Difference, int Sign)> _facts = [];
    readonly Dictionary<int, (Rational? Low, Rational? High)> _bounds = [];

    /// <summary>Runs on a branch that is chosen as it goes.</summary>
    public TowerRun(Lanes lanes, Dictionary<string, Rational> common, Constants constants, int argument, Branches branches)
    {
        _tower = new(lanes, common) { SignOf = SignOf };
        (_constants, _argument, _branches) = (constants, argument, branches);
        _at = [];
    }

    /// <summary>Runs at a point, where tests are decided as they were in another run.</summary>
    public TowerRun(Lanes lanes, Dictionary<string, Rational> common, Constants constants, int argument, Rational at, ExactRun decisions)
    {
        _tower = new(lanes, common) { SignOf = SignOf };
        (_constants, _argument, _decisions) = (constants, argument, decisions);
        _at = [at];
    }

    public Tower Tower => _tower;

    /// <summary>Lists where linear differences are 0: the argument and the number.</summary>
    public HashSet<(int Argument, Rational At)> Thresholds { get; } = [];

    /// <summary>Prints what was chosen: x &lt; 3.</summary>
    public string Region(int arity) =>
        _bounds.Count == 0 && _facts.Count == 0
            ? "everywhere"
            : "where "
                + string.Join(
                    " and ",
                    _bounds
                        .SelectMany(b =>
                            (string[])
                                [
                                    b.Value.Low is { } low ? $"{Formula.NameOf(b.Key, arity)} > {Text(low)}" : "",
                                    b.Value.High is { } high ? $"{Formula.NameOf(b.Key, arity)} < {Text(high)}" : "",
                                ]
                        )
                        .Where(t => t.Length > 0)
                        .Concat(
                            _facts.Count > 0
                                ? [$"{_facts.Count} tests that are not linear have one of their outcomes"]
                                : Array.Empty<string>()
                        )
                );

    public Node Value(Term t)
    {
        if (!_values.TryGetValue(t, out var known))
            _values[t] = known = Compute(t);
        return known;
    }

    Node Compute(Term t) =>
        t switch
        {
            { Head: Head.Argument } => (int)t.Value < _at.Length && _at[(int)t.Value] is { } number
                ? _tower.Number(number)
                : _tower.Argument((int)t.Value),
            { Head: Head.Number } => _constants.Read(_tower, t.Value),
            (Head.Add, [var a, var b]) => _tower.Add(Value(a), Value(b)),
            (Head.Subtract, [var a, var b]) => _tower.Subtract(Value(a), Value(b)),
            (Head.Multiply, [var a, var b]) => _tower.Multiply(Value(a), Value(b)),
            (Head.Divide, [var a, var b]) => _tower.Divide(Value(a), Value(b)),
            (Head.Negate, [var a]) => _tower.Negate(Value(a)),
            (Head.Choose, [var test, var a, var b]) => Value(Holds(test) ? a : b),
            { Head: Head.Call } => Call(t),
            _ => throw new NotProvedException($"a truth value in the place of a number, {TermText.Of(t)}"),
        };

    bool Holds(Term t)
    {
        switch (t)
        {
            case { Head: Head.Truth }:
                return t.Value != 0;
            case (Head.Not, [var a]):
                return !Holds(a);
            case (Head.And, [var a, var b]):
                return Holds(a) && Holds(b);
            case (Head.Or, [var a, var b]):
                return Holds(a) || Holds(b);
            case (Head.Choose, [var test, var a, var b]):
                return Holds(Holds(test) ? a : b);
            case (_, [var a, var b]):
                if (_decisions is not null)
                    return _decisions.Decided(t) ?? throw new NotProvedException($"a test that is not decided, {TermText.Of(t)}");
                int sign = a == b ? 0 : SignOf(_tower.Subtract(Value(a), Value(b)));
                return t.Head switch
                {
                    Head.Less => sign < 0,
                    Head.LessEqual => sign <= 0,
                    Head.Greater => sign > 0,
                    Head.GreaterEqual => sign >= 0,
                    Head.Equal => sign == 0,
                    _ => sign != 0,
                };
            default:
                throw new NotProvedException($"a test that is none, {TermText.Of(t)}");
        }
    }

    /// <summary>Compares two numbers, of which a choice such as a maximum takes one.</summary>
    int Order(Term t, Node a, Node b) =>
        _decisions is null
            ? SignOf(_tower.Subtract(a, b))
            : _decisions.OrderOf(t) ?? throw new NotProvedException($"a choice that is not decided, {TermText.Of(t)}");

    int SignOf(Node d)
    {
        if (d.Form.IsZero || _tower.AreEqual(d, _tower.Number(0)))
            return 0;
        if (_tower.SignByForm(d.Form) is { } certain)
            return certain;
        if (_tower.IsConstant(d.Form))
            return _tower.SignOfConstant(d.Form);
        if (_branches is null)
            throw new NotProvedException("a sign that is not decided at the threshold");
        var leading = d.Form.Leading;
        if (_tower.Linear(d.Form) is var (argument, a, b))
        {
            var threshold = -b / a;
            Thresholds.Add((argument, threshold));
            return a.Sign * SideOf(argument, threshold);
        }
        if (_tower.NearlyLinear(d.Form) is var (of, factor, near))
            return factor * SideOf(of, near);
        var difference = _tower.Multiply(d, _tower.Number(Rational.One / leading));
        if (KnownSign(d) is { } before)
            return before;
        int chosen = _branches.Sign();
        _facts.Add((difference, chosen));
        return chosen * leading.Sign;
    }

    /// <summary>Gives the interval of the only argument on this branch, and a number inside it; null where there are other tests.</summary>
    public (Enclosure All, double Inside)? Interval()
    {
        if (_facts.Count > 0 || _bounds.Count != 1 || !_bounds.TryGetValue(0, out var bounds))
            return null;
        double low = bounds.Low?.ToDouble() ?? -double.MaxValue,
            high = bounds.High?.ToDouble() ?? double.MaxValue;
        double inside =
            bounds.Low is null ? high - 1 - Math.Abs(high)
            : bounds.High is null ? low + 1 + Math.Abs(low)
            : low / 2 + high / 2;
        return (new((bounds.Low?.Enclosed ?? Enclosure.Of(low)).Low, (bounds.High?.Enclosed ?? Enclosure.Of(high)).High), inside);
    }

    /// <summary>Tells whether one of these is negative on this branch.</summary>
    public bool HasNegative(IEnumerable<Node> nodes) => nodes.Any(n => KnownSign(n) < 0);

    /// <summary>Tells a sign without choosing.</summary>
    int? KnownSign(Node d)
    {
        if (_tower.SignByForm(d.Form) is { } certain)
            return certain;
        if (_tower.IsConstant(d.Form))
            return _tower.SignOfConstant(d.Form);
        var leading = d.Form.Leading;
        if (_tower.Linear(d.Form) is var (argument, a, b))
        {
            var threshold = -b / a;
            var (low, high) = _bounds.GetValueOrDefault(argument);
            return low is { } l && threshold <= l ? a.Sign
                : high is { } h && threshold >= h ? -a.Sign
                : null;
        }
        var difference = _tower.Multiply(d, _tower.Number(Rational.One / leading));
        foreach (var (known, sign) in _facts)
            if (_tower.AreEqual(known, difference))
                return sign * leading.Sign;
        return null;
    }

    static string Text(Rational x) => x.Down < 1000 ? $"{x}" : Point.Text(x.ToDouble());

    static bool IsNear(Rational a, Rational b)
    {
        var apart = (a - b).Enclosed.Magnitude;
        return apart <= Dyadic.Max(a.Enclosed.Magnitude, b.Enclosed.Magnitude).Scale(-200);
    }

    int SideOf(int argument, Rational threshold)
    {
        var (low, high) = _bounds.GetValueOrDefault(argument);
        // an irrational threshold is known to some 250 bits, which tell it from any other; if not, nothing is proved
        foreach (var bound in (Rational?[])[low, high])
            if (bound is { } other && !threshold.Equals(other) && IsNear(threshold, other))
                throw new NotProvedException("two thresholds that are too near to be told apart");
        if (low is { } l && threshold <= l)
            return 1;
        if (high is { } h && threshold >= h)
            return -1;
        int side = _branches!.Sign();
        _bounds[argument] = side > 0 ? (threshold, high) : (low, threshold);
        return side;
    }
}
