using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Names what a term computes from its parts.</summary>
enum Head
{
    Argument,
    Number,
    Truth,
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Not,
    Choose,
    Call,
}

/// <summary>
/// Stands for a part of a scalar rule while it is read, differentiated and written: what <see cref="Expr"/> is for tensors, for one number. The terms of
/// one <see cref="TermPool"/> are interned and simplified as they are made, so that equal parts are one object.
/// </summary>
sealed class Term(TermPool pool, int order, Head head, double value, ScalarFunction? function, ImmutableArray<Term> parts, bool isTruth)
{
    public TermPool Pool => pool;

    /// <summary>Gives the term's place in its pool: parts come before what is made of them.</summary>
    public int Order => order;

    public Head Head => head;

    /// <summary>Gives a number, the number of an argument, or a truth value as 0 or 1.</summary>
    public double Value => value;

    /// <summary>Gives the function that a call calls.</summary>
    public ScalarFunction? Function => function;

    public ImmutableArray<Term> Parts => parts;

    /// <summary>Tells whether the term is true or false, and no number.</summary>
    public bool IsTruth => isTruth;

    public bool IsZero => head == Head.Number && value == 0;

    public bool Is(double number) => head == Head.Number && value == number;

    public void Deconstruct(out Head head, out ImmutableArray<Term> parts) => (head, parts) = (Head, Parts);

    public static Term operator +(Term a, Term b) => a.Pool.Of(Head.Add, a, b);

    public static Term operator -(Term a, Term b) => a.Pool.Of(Head.Subtract, a, b);

    public static Term operator *(Term a, Term b) => a.Pool.Of(Head.Multiply, a, b);

    public static Term operator /(Term a, Term b) => a.Pool.Of(Head.Divide, a, b);

    public static Term operator -(Term a) => a.Pool.Of(Head.Negate, a);

    public static Term operator >(Term a, Term b) => a.Pool.Of(Head.Greater, a, b);

    public static Term operator <(Term a, Term b) => a.Pool.Of(Head.Less, a, b);

    /// <summary>Lets a number stand in a formula.</summary>
    public Term Like(double number) => pool.Number(number);

    public static Term operator +(Term a, double b) => a + a.Like(b);

    public static Term operator +(double a, Term b) => b.Like(a) + b;

    public static Term operator -(Term a, double b) => a - a.Like(b);

    public static Term operator -(double a, Term b) => b.Like(a) - b;

    public static Term operator *(double a, Term b) => b.Like(a) * b;

    public static Term operator /(double a, Term b) => b.Like(a) / b;

    public static Term operator /(Term a, double b) => a / a.Like(b);

    public static Term operator >(Term a, double b) => a > a.Like(b);

    public static Term operator <(Term a, double b) => a < a.Like(b);
}
