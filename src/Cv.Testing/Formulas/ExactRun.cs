using Cv.Dsl;

namespace Cv.Testing;

/// <summary>A number and its derivative, each enclosed.</summary>
readonly record struct Jet(Enclosure Value, Enclosure Slope)
{
    public static Jet Of(Enclosure value) => new(value, Enclosure.Zero);

    public static Jet Undefined => new(Enclosure.Undefined, Enclosure.Undefined);
}

/// <summary>
/// Evaluates terms at one point in enclosures, with their derivative by one argument: the real numbers that the formula means, whatever rounds or overflows on the way. The
/// derivatives of functions are written down here once more (<see cref="JetFunctions"/>): nothing is shared with what is checked.
/// </summary>
/// <param name="at">The point.</param>
/// <param name="argument">What is differentiated by; -1 for none.</param>
sealed class ExactRun(Enclosure[] at, int argument)
{
    readonly Dictionary<Term, Jet> _known = [];
    readonly Dictionary<Term, bool?> _tests = [];

    /// <summary>Tells whether some test met a tie: the point lies on a threshold.</summary>
    public bool Tied { get; private set; }

    /// <summary>
    /// Reads literals as anything that rounds to them, as they stand for constants such as sqrt(2 / pi). Tests are taken as <paramref name="nominal"/> took them.
    /// </summary>
    public ExactRun(double[] at, int argument, ExactRun nominal)
        : this([.. at.Select(Enclosure.Of)], argument, nominal) => _isWide = true;

    public ExactRun(double[] at, int argument)
        : this([.. at.Select(Enclosure.Of)], argument) { }

    /// <summary>Evaluates at a number that may be no double, on the branches that another run took beside it.</summary>
    public ExactRun(Enclosure at, ExactRun beside)
        : this([at], 0, beside) { }

    ExactRun(Enclosure[] at, int argument, ExactRun nominal)
        : this(at, argument)
    {
        foreach (var (test, holds) in nominal._tests)
            _tests[test] = holds;
        foreach (var (choice, order) in nominal._orders)
            _orders[choice] = order;
    }

    readonly bool _isWide;
    readonly Dictionary<Term, int?> _orders = [];

    public Jet Of(Term t)
    {
        if (!_known.TryGetValue(t, out var known))
            _known[t] = known = Make(t);
        return known;
    }

    Jet Make(Term t)
    {
        switch (t)
        {
            case { Head: Head.Argument }:
                int i = (int)t.Value;
                return new(at[i], i == argument ? Enclosure.One : Enclosure.Zero);
            case { Head: Head.Number }:
                return Jet.Of(Number(t.Value));
            case (Head.Add, [var a, var b]):
                return Add(Of(a), Of(b));
            case (Head.Subtract, [var a, var b]):
                return Add(Of(a), Negate(Of(b)));
            case (Head.Negate, [var a]):
                return Negate(Of(a));
            case (Head.Multiply, [var a, var b]):
                return Multiply(Of(a), Of(b));
            case (Head.Divide, [var a, var b]):
                return Divide(Of(a), Of(b));
            case (Head.Choose, [var test, var a, var b]):
                return Holds(test) is { } holds ? Of(holds ? a : b) : Jet.Undefined;
            case { Function: { IsOwn: false, Name: var name } }:
                return Call(t, name);
            default:
                throw new UnknownToOracleException($"check: enclosures know no {TermText.Of(t)}. Check it by differences.");
        }
    }

    Enclosure Number(double value)
    {
        var number = Enclosure.Of(value);
        if (!_isWide || Literals.IsExact(value) || !number.IsDefined)
            return number;
        return number.Widened(number.Magnitude.Scale(Literals.IsOfFloat(value) ? -24 : -53));
    }

    public static Jet Add(Jet a, Jet b) => new(a.Value + b.Value, a.Slope + b.Slope);

    public static Jet Negate(Jet a) => new(-a.Value, -a.Slope);

    public static Jet Multiply(Jet a, Jet b) => new(a.Value * b.Value, Times(a.Slope, b.Value) + Times(b.Slope, a.Value));

    public static Jet Divide(Jet a, Jet b)
    {
        var quotient = a.Value / b.Value;
        return new(quotient, (a.Slope - Times(b.Slope, quotient)) / b.Value);
    }

    // what does not move stays, even where its slope is infinite
    public static Enclosure Times(Enclosure slope, Enclosure factor) => slope.IsZero ? slope : slope * factor;

    Jet Call(Term t, string name)
    {
        Jet[] x = [.. t.Parts.Select(Of)];
        switch (name)
        {
            case "Max" or "Min":
                return Order(t, x[0].Value, x[1].Value) is not { } order ? Jet.Undefined : x[order > 0 == (name == "Max") ? 0 : 1];
            case "Abs":
                return Order(t, x[0].Value, Enclosure.Zero) is not { } side ? Jet.Undefined
                    : side < 0 ? Negate(x[0])
                    : x[0];
            case "Sign":
                return Order(t, x[0].Value, Enclosure.Zero) is { } sign ? Jet.Of(Enclosure.Of(sign)) : Jet.Undefined;
            case "CopySign":
                if (Order(t, x[1].Value, Enclosure.Zero) is not { } of || !x[0].Value.IsDefined)
                    return Jet.Undefined;
                var magnitude = x[0].Value.IsNegative ? Negate(x[0]) : x[0];
                return of < 0 ? Negate(magnitude) : magnitude;
            default:
                return JetFunctions.Apply(name, x);
        }
    }

    /// <summary>Tells how a test was decided.</summary>
    public bool? Decided(Term test) => Holds(test);

    /// <summary>Tells which way a maximum, a minimum or a sign went.</summary>
    public int? OrderOf(Term choice)
    {
        _ = Of(choice);
        return _orders.GetValueOrDefault(choice);
    }

    /// <summary>Follows choices to what was chosen.</summary>
    Term Chosen(Term t) =>
        t switch
        {
            { Function.Name: "Max" or "Min", Parts: [var a, var b] } when _orders.TryGetValue(t, out var order) && order is not null =>
                Chosen(order > 0 == (t.Function.Name == "Max") ? a : b),
            (Head.Choose, [var test, var a, var b]) when Holds(test) is { } holds => Chosen(holds ? a : b),
            _ => t,
        };

    int? Order(Term t, Enclosure a, Enclosure b)
    {
        if (!_orders.TryGetValue(t, out var order))
            _orders[t] = order = Enclosure.Order(a, b);
        Tied |= order == 0;
        return order;
    }

    bool? Holds(Term t)
    {
        if (!_tests.TryGetValue(t, out var known))
            _tests[t] = known = Test(t);
        return known;
    }

    bool? Test(Term t)
    {
        switch (t)
        {
            case { Head: Head.Truth }:
                return t.Value != 0;
            case (Head.Not, [var a]):
                return !Holds(a);
            case (Head.And, [var a, var b]):
                return Holds(a) & Holds(b);
            case (Head.Or, [var a, var b]):
                return Holds(a) | Holds(b);
            case (Head.Choose, [var test, var a, var b]):
                return Holds(test) is { } holds ? Holds(holds ? a : b) : null;
            case (_, [var a, var b]):
                if (a == b)
                    return t.Head is Head.LessEqual or Head.GreaterEqual or Head.Equal;
                int? order = Enclosure.Order(Of(a).Value, Of(b).Value);
                // max(a, b) > b is no tie where the maximum is b
                Tied |= order == 0 && Chosen(a) != Chosen(b);
                return
                    t.Head switch
                    {
                        Head.Less => order < 0,
                        Head.LessEqual => order <= 0,
                        Head.Greater => order > 0,
                        Head.GreaterEqual => order >= 0,
                        Head.Equal => order == 0,
                        _ => order != 0,
                    }
                        is var holdsNow
                    && order is not null
                    ? holdsNow
                    : null;
            default:
                return null;
        }
    }
}
