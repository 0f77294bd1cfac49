using System.Globalization;
using System.Numerics;

namespace Cv.Testing;

/// <content>Writes functions by kernels.</content>
sealed partial class Tower
{
    /// <summary>Tells the sign of a value: 1 or -1, or 0 where it is 0; asked where a root or a logarithm depends on it.</summary>
    public required Func<Node, int> SignOf { get; init; }

    /// <summary>Lists what is not negative where the values so far are defined: the arguments of logarithms and roots.</summary>
    public List<Node> NotNegative { get; } = [];

    /// <summary>
    /// exp(q1 m1 + q2 m2 + ...) is a product of powers: each monomial m has one kernel, for the common part of all exponents in which it stands. A logarithm's exponential is
    /// the power of its argument, and exp(1) a kernel like the others.
    /// </summary>
    public Node Exp(Form exponent)
    {
        var product = Number(1);
        foreach (var (monomial, coefficient) in exponent.Terms.Values)
            product = Multiply(product, Exp(monomial, coefficient));
        return product;
    }

    Node Exp(Monomial monomial, Rational coefficient)
    {
        if (
            monomial.Factors is [var (generator, power)]
            && power == 1
            && _generators[generator] is { Kernel: Kernel.Log, Of: [var argument] }
        )
            return Power(argument, coefficient);
        var count = Count("exp " + monomial.Key, coefficient);
        return Power(Generated(Kernel.Exp, monomial.Key, [], isPositive: true), Rational.Whole(count));
    }

    /// <summary>log of the magnitude: of products the sum, of powers the multiple; what is no product has a kernel of its own.</summary>
    public Node Log(Node a)
    {
        if (a.Form.IsZero)
            throw new UndefinedException();
        NotNegative.Add(a);
        return LogOfMagnitude(a);
    }

    Node LogOfMagnitude(Node a)
    {
        var leading = a.Form.Leading;
        var sum = LogOf(leading.Sign < 0 ? -leading : leading);
        // what all terms have in common
        var shared = a.Form.Terms.Values.Select(t => t.Monomial).Aggregate(Shared);
        foreach (var (generator, power) in shared.Factors)
            sum = Add(sum, Multiply(Number(power), LogOf(generator)));
        if (a.Form.Terms.Count == 1)
            return sum;
        var rest = Multiply(a, NodeOf(Form.Of(shared.Inverse, Rational.One / leading)));
        return Add(sum, Generated(Kernel.Log, "", [rest], isPositive: false));
    }

    static Monomial Shared(Monomial a, Monomial b) =>
        new(a.Factors.Concat(b.Factors).Select(f => f.Generator).Distinct().Select(g => (g, Math.Min(PowerOf(a, g), PowerOf(b, g)))));

    static int PowerOf(Monomial m, int generator) => m.Factors.FirstOrDefault(f => f.Generator == generator).Power;

    Node LogOf(int generator)
    {
        var g = _generators[generator];
        switch (g)
        {
            case { Kernel: Kernel.Exp }:
                var exponent = g.Name.Length == 0 ? Monomial.One : Parsed(g.Name);
                return NodeOf(Form.Of(exponent, common["exp " + g.Name]));
            case { Kernel: Kernel.Root, Of: [var radicand] }:
                return Multiply(Number(new Rational(1, Order(g))), LogOfMagnitude(radicand));
            case { Kernel: Kernel.Inverse, Of: [var below] }:
                return Negate(LogOfMagnitude(below));
            default:
                return Generated(Kernel.Log, "", [NodeOf(generator)], isPositive: false);
        }
    }

    static Monomial Parsed(string key) =>
        new(
            key.Split('*')
                .Select(f => f.Split('^'))
                .Select(f => (int.Parse(f[0], CultureInfo.InvariantCulture), int.Parse(f[1], CultureInfo.InvariantCulture)))
        );

    static int Order(Generator root) => int.Parse(root.Name, CultureInfo.InvariantCulture);

    Node LogOf(Rational positive)
    {
        var sum = Number(0);
        foreach (var (prime, power) in Factors(positive))
            sum = Add(sum, Multiply(Number(power), Generated(Kernel.Log, "", [Number(Rational.Whole(prime))], isPositive: true)));
        return sum;
    }

    /// <summary>Takes a number apart into small primes, and what is left.</summary>
    static IEnumerable<(BigInteger Prime, int Power)> Factors(Rational positive)
    {
        foreach (var (n, sign) in ((BigInteger, int)[])[(positive.Up, 1), (positive.Down, -1)])
        {
            var rest = n;
            for (int p = 2; p < 2000 && rest > 1; p++)
            {
                int power = 0;
                for (; (rest % p).IsZero; rest /= p)
                    power++;
                if (power > 0)
                    yield return (p, sign * power);
            }
            if (rest > 1)
                yield return (rest, sign);
        }
    }

    /// <summary>Takes a root of an order: of exponentials half the exponent, and so on; of what is no product, a generator r with r^n = a, on the branch above 0.</summary>
    public Node Root(Node a, int order)
    {
        if (a.Form.IsZero)
            return a;
        var leading = a.Form.Leading;
        bool isOdd = order % 2 == 1;
        if (a.Form.Single is not var (monomial, coefficient))
        {
            var content = leading.Sign < 0 ? -leading : leading;
            var rest = Multiply(a, Number(Rational.One / content));
            return Multiply(Root(content, order), Generated(rest, order));
        }
        if (coefficient.Sign < 0 && !isOdd)
            // a negative number times what may be negative as well
            return Generated(a, order);
        var product = Root(coefficient.Sign < 0 ? -coefficient : coefficient, order);
        if (coefficient.Sign < 0)
            product = Negate(product);
        foreach (var (generator, power) in monomial.Factors)
            product = Multiply(product, RootOf(generator, power, order));
        return product;
    }

    Node RootOf(int generator, int power, int order)
    {
        var g = _generators[generator];
        if (g.Kernel == Kernel.Exp)
            return Exp(g.Name.Length == 0 ? Monomial.One : Parsed(g.Name), common["exp " + g.Name] * new Rational(power, order));
        if (g is { Kernel: Kernel.Root, Of: [var radicand] })
            return Power(Root(radicand, order * Order(g)), Rational.Whole(power));
        var fraction = new Rational(power, order);
        var node = NodeOf(generator);
        // an even power under an even root has the magnitude for its base
        if (order % 2 == 0 && power % 2 == 0 && !g.IsPositive && !(fraction.IsWhole && fraction.Up.IsEven) && SignOf(node) < 0)
            node = Negate(node);
        return fraction.IsWhole ? Power(node, fraction) : Power(Generated(node, (int)fraction.Down), Rational.Whole(fraction.Up));
    }

    Node Root(Rational positive, int order)
    {
        var product = Number(1);
        foreach (var (prime, power) in Factors(positive))
        {
            int whole = (int)Math.Floor((double)power / order);
            product = Multiply(product, Number(Rational.Whole(prime).Power(whole)));
            var rest = new Rational(power - whole * order, order);
            if (!rest.IsZero)
                product = Multiply(product, Power(Generated(Number(Rational.Whole(prime)), (int)rest.Down), Rational.Whole(rest.Up)));
        }
        return product;
    }

    Node Generated(Node a, int order)
    {
        int known = _generators.FindIndex(g => g.Kernel == Kernel.Root && g.Name == $"{order}" && AreEqual(g.Of[0], a));
        if (known >= 0)
            return NodeOf(known);
        if (order % 2 == 0)
            NotNegative.Add(a);
        var value = a.Value;
        int odd = order;
        for (; odd % 2 == 0; odd /= 2)
            value = lanes.Root(value);
        foreach (int prime in (int[])[3, 5, 7, 11, 13])
            for (; odd % prime == 0; odd /= prime)
                value = lanes.OddRoot(value, prime);
        if (odd != 1)
            throw new NotProvedException($"a root of the order {order}");
        return Generated(Kernel.Root, $"{order}", [a], isPositive: order % 2 == 0, value);
    }

    /// <summary>
    /// Gives cosine and sine: each monomial of the angle turns by a multiple of one turn, a random point of the circle c^2 + s^2 = 1; quarters of pi's turn are known.
    /// </summary>
    public (Node Cosine, Node Sine) Turn(Form angle)
    {
        var (c, s) = (Number(1), Number(0));
        foreach (var (monomial, coefficient) in angle.Terms.Values)
        {
            var (cosine, sine) = Turn(monomial, coefficient);
            (c, s) = (Subtract(Multiply(c, cosine), Multiply(s, sine)), Add(Multiply(c, sine), Multiply(s, cosine)));
        }
        return (c, s);
    }

    (Node, Node) Turn(Monomial monomial, Rational coefficient)
    {
        if (monomial.Factors is [var (generator, power)] && power == 2 && _generators[generator].Kernel == Kernel.RootOfPi)
            if (coefficient * Rational.Whole(2) is { IsWhole: true, Up: var quarters })
                return (int)(((quarters % 4) + 4) % 4) switch
                {
                    0 => (Number(1), Number(0)),
                    1 => (Number(0), Number(1)),
                    2 => (Number(-1), Number(0)),
                    _ => (Number(0), Number(-1)),
                };
        var count = Count("turn " + monomial.Key, coefficient);
        var t = Generated(Kernel.Turn, monomial.Key, [], isPositive: false);
        var square = Multiply(t, t);
        var below = Add(Number(1), square);
        var (c, s) = (Divide(Subtract(Number(1), square), below), Divide(Add(t, t), below));
        if (count.Sign < 0)
            s = Negate(s);
        var (cosine, sine) = (Number(1), Number(0));
        for (var n = BigInteger.Abs(count); n > 0; n >>= 1)
        {
            if (!n.IsEven)
                (cosine, sine) = (Subtract(Multiply(cosine, c), Multiply(sine, s)), Add(Multiply(cosine, s), Multiply(sine, c)));
            (c, s) = (Subtract(Multiply(c, c), Multiply(s, s)), Multiply(Add(s, s), c));
        }
        return (cosine, sine);
    }

    /// <summary>Gives a function that nothing is known of but that equal arguments have equal values; one that is odd has one kernel for both signs.</summary>
    public Node Opaque(string name, bool isOdd, params Node[] of) =>
        isOdd && of is [{ Form.Leading.Sign: < 0 } a]
            ? Negate(Generated(Kernel.Opaque, name, [Negate(a)], isPositive: false))
            : Generated(Kernel.Opaque, name, of, isPositive: false);

    /// <summary>Tells the sign of what is positive or negative by its form alone: coefficients of one sign, and powers of what is positive, or even ones.</summary>
    public int? SignByForm(Form form)
    {
        if (form.IsZero)
            return 0;
        bool Known(Monomial m) =>
            m.Factors.All(f =>
                _generators[f.Generator].IsPositive
                || (f.Power % 2 == 0 && form.Terms.Values.Any(t => t.Monomial.Factors.All(x => _generators[x.Generator].IsPositive)))
            );
        if (!form.Terms.Values.All(t => Known(t.Monomial)))
            return null;
        return form.Terms.Values.All(t => t.Coefficient.Sign > 0) ? 1
            : form.Terms.Values.All(t => t.Coefficient.Sign < 0) ? -1
            : null;
    }

    /// <summary>Writes a value that is linear in one argument, a x + b, as the argument, a and b; null for any other.</summary>
    public (int Argument, Rational A, Rational B)? Linear(Form form)
    {
        (int Argument, Rational A)? found = null;
        Rational b = default;
        foreach (var (monomial, coefficient) in form.Terms.Values)
            if (monomial.IsOne)
                b = coefficient;
            else if (
                found is null
                && monomial.Factors is [var (generator, power)]
                && power == 1
                && _generators[generator] is { Kernel: Kernel.Argument, Name: var name }
            )
                found = (int.Parse(name, CultureInfo.InvariantCulture), coefficient);
            else
                return null;
        return found is var (argument, a) ? (argument, a, b) : null;
    }

    /// <summary>
    /// Writes a value that is linear in one argument with constants such as sqrt(2) as the argument, the sign of its factor, and where it is 0, to 250 bits; null for any other.
    /// </summary>
    public (int Argument, int Sign, Rational At)? NearlyLinear(Form form)
    {
        int argument = -1;
        List<(Monomial, Rational)> factor = [],
            rest = [];
        foreach (var (monomial, coefficient) in form.Terms.Values)
        {
            var held = monomial.Factors.Where(f => !IsConstant(f.Generator)).ToList();
            if (held.Count == 0)
                rest.Add((monomial, coefficient));
            else if (
                held is [(var generator, 1)] && _generators[generator] is { Kernel: Kernel.Argument, Name: var name } && argument is -1
                || held is [(var g, 1)] && g == argument
            )
            {
                argument = held[0].Generator;
                factor.Add((monomial * new Monomial([(argument, -1)]), coefficient));
            }
            else
                return null;
        }
        if (argument < 0)
            return null;
        var a = Enclosed(Form.Sum(factor));
        var at = -Enclosed(Form.Sum(rest)) / a;
        return at.IsDefined
            ? (int.Parse(_generators[argument].Name, CultureInfo.InvariantCulture), a.IsPositive ? 1 : -1, Rational.Of(at.Low))
            : null;
    }

    /// <summary>Tells whether a value has no argument in it.</summary>
    public bool IsConstant(Form form) => form.Terms.Values.All(t => t.Monomial.Factors.All(f => IsConstant(f.Generator)));

    bool IsConstant(int generator) =>
        _generators[generator] switch
        {
            { Kernel: Kernel.Argument } => false,
            { Kernel: Kernel.Exp or Kernel.Turn, Name: var key } => key.Length == 0
                || Parsed(key).Factors.All(f => IsConstant(f.Generator)),
            var g => g.Kernel != Kernel.Long && g.Of.All(o => IsConstant(o.Form)),
        };
}
