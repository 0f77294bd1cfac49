using Cv.Dsl;

namespace Cv.Testing;

/// <content>Writes functions by kernels, and differentiates them by a table of its own: nothing is shared with what is proved.</content>
sealed partial class TowerRun
{
    Node One => _tower.Number(1);

    Node Ln(int n) => _tower.Log(_tower.Number(n));

    Node Exp(Node a) => _tower.Exp(a.Form);

    Node Sqrt(Node a) => _tower.Root(a, 2);

    Node Square(Node a) => _tower.Multiply(a, a);

    Node Half(Node a) => _tower.Multiply(_tower.Number(new Rational(1, 2)), a);

    Node Pi => Square(_tower.RootOfPi);

    Node Call(Term t)
    {
        var function = t.Function!;
        Node[] x = [.. t.Parts.Select(Value)];
        if (function.IsOwn)
            return _tower.Opaque($"{function.Method.DeclaringType?.FullName}.{function.Name}", isOdd: false, x);
        var a = x[0];
        return function.Name switch
        {
            "Exp" => Exp(a),
            "Exp2" => Exp(_tower.Multiply(a, Ln(2))),
            "Exp10" => Exp(_tower.Multiply(a, Ln(10))),
            "Expm1" => _tower.Subtract(Exp(a), One),
            "Log" => _tower.Log(a),
            "Log2" => _tower.Divide(_tower.Log(a), Ln(2)),
            "Log10" => _tower.Divide(_tower.Log(a), Ln(10)),
            "Log1p" => _tower.Log(_tower.Add(One, a)),
            "Sqrt" => Sqrt(a),
            "Cbrt" => _tower.Root(a, 3),
            "Sin" => _tower.Turn(a.Form).Sine,
            "Cos" => _tower.Turn(a.Form).Cosine,
            "Tan" => _tower.Turn(a.Form) is var (c, s) ? _tower.Divide(s, c) : a,
            "Asin" => _tower.Opaque("asin", isOdd: true, a),
            "Acos" => _tower.Subtract(Half(Pi), _tower.Opaque("asin", isOdd: true, a)),
            "Atan" => _tower.Opaque("atan", isOdd: true, a),
            "Sinh" => Half(_tower.Subtract(Exp(a), Exp(_tower.Negate(a)))),
            "Cosh" => Half(_tower.Add(Exp(a), Exp(_tower.Negate(a)))),
            "Tanh" => Exp(_tower.Add(a, a)) is var e ? _tower.Divide(_tower.Subtract(e, One), _tower.Add(e, One)) : a,
            "Asinh" => _tower.Log(_tower.Add(a, Sqrt(_tower.Add(Square(a), One)))),
            "Acosh" => _tower.Log(_tower.Add(a, Sqrt(_tower.Subtract(Square(a), One)))),
            "Atanh" => Half(_tower.Subtract(_tower.Log(_tower.Add(One, a)), _tower.Log(_tower.Subtract(One, a)))),
            "Erf" => _tower.Opaque("erf", isOdd: true, a),
            "Sigmoid" => _tower.Divide(One, _tower.Add(One, Exp(_tower.Negate(a)))),
            "Softplus" => _tower.Log(_tower.Add(One, Exp(a))),
            "LogCosh" => _tower.Log(Half(_tower.Add(Exp(a), Exp(_tower.Negate(a))))),
            "Abs" => Order(t, a, _tower.Number(0)) < 0 ? _tower.Negate(a) : a,
            "Sign" => _tower.Number(Order(t, a, _tower.Number(0))),
            "CopySign" => Order(t, x[1], _tower.Number(0)) < 0 ? _tower.Negate(Magnitude(a)) : Magnitude(a),
            "Max" => x[Order(t, a, x[1]) > 0 ? 0 : 1],
            "Min" => x[Order(t, a, x[1]) < 0 ? 0 : 1],
            "Pow" => x[1].Form.Number is { } n ? _tower.Power(a, n) : Exp(_tower.Multiply(x[1], _tower.Log(a))),
            "Hypot" => Sqrt(_tower.Add(Square(a), Square(x[1]))),
            "Atan2" => _tower.Opaque("atan2", isOdd: false, x),
            "Remainder" => _tower.Subtract(a, _tower.Multiply(x[1], Whole(a, x[1]))),
            "Floor" or "Ceiling" or "Truncate" or "Round" => _tower.Opaque(function.Name, isOdd: false, a),
            var other => throw new NotProvedException($"the function {other}, which has no kernels"),
        };
    }

    Node Magnitude(Node a) => SignOf(a) < 0 ? _tower.Negate(a) : a;

    Node Whole(Node a, Node b) => _tower.Opaque("Truncate", isOdd: false, _tower.Divide(a, b));

    /// <summary>Gives the derivative by the argument; null where it is 0.</summary>
    public Node? Slope(Term t)
    {
        if (!_slopes.TryGetValue(t, out var known))
            _slopes[t] = known = Differentiate(t);
        return known;
    }

    Node? Differentiate(Term t)
    {
        switch (t)
        {
            case { Head: Head.Argument }:
                return (int)t.Value == _argument ? One : null;
            case (Head.Add, [var a, var b]):
                return Plus(Slope(a), Slope(b));
            case (Head.Subtract, [var a, var b]):
                return Plus(Slope(a), Opposite(Slope(b)));
            case (Head.Negate, [var a]):
                return Opposite(Slope(a));
            case (Head.Multiply, [var a, var b]):
                return Plus(Times(Slope(a), () => Value(b)), Times(Slope(b), () => Value(a)));
            case (Head.Divide, [var a, var b]):
                return Plus(Slope(a), Opposite(Times(Slope(b), () => Value(t)))) is { } over ? _tower.Divide(over, Value(b)) : null;
            case (Head.Choose, [var test, var a, var b]):
                return Slope(Holds(test) ? a : b);
            case { Head: Head.Call, Parts: [var a] }:
                return Times(Slope(a), () => Rate(t, Value(a)));
            case { Head: Head.Call, Parts: [var a, var b] }:
                return Rate(t, a, b);
            default:
                return null;
        }
    }

    Node? Plus(Node? a, Node? b) =>
        a is null ? b
        : b is null ? a
        : _tower.Add(a, b);

    Node? Opposite(Node? a) => a is null ? null : _tower.Negate(a);

    Node? Times(Node? slope, Func<Node?> factor) => slope is null || factor() is not { } by ? null : _tower.Multiply(slope, by);

    /// <summary>Gives the derivative of a function of one number; null where it is flat.</summary>
    Node? Rate(Term t, Node a)
    {
        if (t.Function!.IsOwn)
            throw new NotProvedException($"the method {t.Function.Name}, whose derivative nobody knows");
        var y = Value(t);
        Node Over(Node below) => _tower.Divide(One, below);
        return t.Function.Name switch
        {
            "Exp" => y,
            "Exp2" => _tower.Multiply(Ln(2), y),
            "Exp10" => _tower.Multiply(Ln(10), y),
            "Expm1" => Exp(a),
            "Log" => Over(a),
            "Log2" => Over(_tower.Multiply(Ln(2), a)),
            "Log10" => Over(_tower.Multiply(Ln(10), a)),
            "Log1p" => Over(_tower.Add(One, a)),
            "Sqrt" => Over(_tower.Add(y, y)),
            "Cbrt" => Over(_tower.Multiply(_tower.Number(3), Square(y))),
            "Sin" => _tower.Turn(a.Form).Cosine,
            "Cos" => _tower.Negate(_tower.Turn(a.Form).Sine),
            "Tan" => Over(Square(_tower.Turn(a.Form).Cosine)),
            "Asin" => Over(Sqrt(_tower.Subtract(One, Square(a)))),
            "Acos" => _tower.Negate(Over(Sqrt(_tower.Subtract(One, Square(a))))),
            "Atan" => Over(_tower.Add(One, Square(a))),
            "Sinh" => Half(_tower.Add(Exp(a), Exp(_tower.Negate(a)))),
            "Cosh" => Half(_tower.Subtract(Exp(a), Exp(_tower.Negate(a)))),
            "Tanh" => Over(Square(Half(_tower.Add(Exp(a), Exp(_tower.Negate(a)))))),
            "Asinh" => Over(Sqrt(_tower.Add(Square(a), One))),
            "Acosh" => Over(Sqrt(_tower.Subtract(Square(a), One))),
            "Atanh" => Over(_tower.Subtract(One, Square(a))),
            "Erf" => _tower.Multiply(_tower.Divide(_tower.Number(2), _tower.RootOfPi), Exp(_tower.Negate(Square(a)))),
            "Sigmoid" => _tower.Divide(Exp(_tower.Negate(a)), Square(_tower.Add(One, Exp(_tower.Negate(a))))),
            "Softplus" => Over(_tower.Add(One, Exp(_tower.Negate(a)))),
            "LogCosh" => Exp(_tower.Add(a, a)) is var e ? _tower.Divide(_tower.Subtract(e, One), _tower.Add(e, One)) : a,
            "Abs" => _tower.Number(Order(t, a, _tower.Number(0))),
            _ => null, // flat between its jumps
        };
    }

    Node? Rate(Term t, Term a, Term b)
    {
        if (t.Function!.IsOwn)
            throw new NotProvedException($"the method {t.Function.Name}, whose derivative nobody knows");
        Node x = Value(a),
            z = Value(b);
        switch (t.Function.Name)
        {
            case "Max":
                return Slope(Order(t, x, z) > 0 ? a : b);
            case "Min":
                return Slope(Order(t, x, z) < 0 ? a : b);
            case "Pow":
                return Plus(
                    Times(
                        Slope(a),
                        () =>
                            z.Form.Number is { } n
                                ? _tower.Multiply(z, _tower.Power(x, n - Rational.One))
                                : _tower.Divide(_tower.Multiply(z, Value(t)), x)
                    ),
                    Times(Slope(b), () => _tower.Multiply(Value(t), _tower.Log(x)))
                );
            case "Hypot":
                return Plus(Times(Slope(a), () => x), Times(Slope(b), () => z)) is { } sum ? _tower.Divide(sum, Value(t)) : null;
            case "Atan2":
                return Plus(Times(Slope(a), () => z), Opposite(Times(Slope(b), () => x))) is { } turn
                    ? _tower.Divide(turn, _tower.Add(Square(x), Square(z)))
                    : null;
            case "CopySign":
                bool isSame = (SignOf(x) < 0) == (Order(t, z, _tower.Number(0)) < 0);
                return isSame ? Slope(a) : Opposite(Slope(a));
            case "Remainder":
                return Plus(Slope(a), Opposite(Times(Slope(b), () => Whole(x, z))));
            default:
                return null;
        }
    }
}
