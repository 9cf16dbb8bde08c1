"""Lines of netlists in the wild, one form of each kind; any of them together are a netlist after `HEAD`."""

from collections.abc import Sequence
from random import Random

from tests.circuit.test_schematics import DIVIDER
from tests.fuzz.mutations import accident

HEAD = "t\nVin in 0 AC 1\nR1 in out 1k\nR2 out 0 10k\nC1 out 0 10n\nVp p 0 9\nVn n 0 -9\n.param k=0.5 q=2k\n"
FORMS = (
    "D1 out 0 DA\n.model DA D(IS=2.5n N=1.75 RS=.6 CJO=4p BV=60 IBV=1u TT=6n ISR=1n NR=2 IKF=50m EG=1.1 Vpk=75 mfg=X)",
    "D2 out 0 DB 2 TEMP=50\n.model DB AKO:DC (RS=1)\n.model DC D IS 1f N 1.2",
    "D3 out n DI\n.model DI D(Ron=10 Roff=1meg Vfwd=.6 Vrev=5 Rrev=1)",
    "Q1 out in e NA\nRe e n 1k\n.model NA NPN(IS=7f BF=400 VAF=74 IKF=67m ISE=7f NE=1.3 CJE=4p XTF=2 VTF=4 ITF=.4)",
    "Q2 out in p 0 PA 2\n.model PA LPNP(IS=1f BF=25 CJS=2p IRB=1m RB=100 RBM=10 XCJC=.5 CJC=4p)",
    "Q3 p in out 2N3904 OFF",
    "J1 p in s JA\nRs s 0 1k\n.model JA NJF(BETA=1.1m BETATCE=-.5 VTO=-1.4 VTOTC=-2.5m LAMBDA=2m CGD=1.6p PB=1 B=1)",
    "M1 p in w w MA L=2u W=20u AD=1p\nRw w 0 1k\n.model MA NMOS(LEVEL=1 VTO=1 KP=20u GAMMA=.4 LAMBDA=.01 TOX=20n)",
    "M2 n in w2 w2 MP m=2\nRw2 w2 0 1k\n.model MP PMOS(VTO=-1 KP=10m RD=1 RS=1 CBD=1p)",
    "M3 p in w3 VD\nRw3 w3 0 1k\n.model VD VDMOS(Rg=3 Vto=1.6 Kp=.17 Cgdmax=80p Cgdmin=12p Cgs=50p Cjo=50p Is=.04p)",
    "S1 out 0 in n SA\n.model SA SW(VT=2.5 VH=-.5 RON=1 ROFF=1G)",
    "S2 out 0 p 0 SV on\n.model SV VSWITCH(RON=10 ROFF=1meg VON=3 VOFF=1)",
    "W1 out 0 Vp WA off\n.model WA CSW(IT=1m IH=.1m RON=10 ROFF=1meg)",
    "A1 p out n PT\n.model PT potentiometer(r=100k position=.3 log=true log_multiplier=2)",
    "E1 o1 0 POLY(2) (p,0) (n,0) 0 .5 .5 .1\nRo1 o1 0 1k",
    "F1 0 out POLY(2) Vp Vn 0 1 2 0 1000",
    "G1 out 0 POLY(1) in 0 0 1u 1u",
    "H1 o2 0 Vp 10\nRo2 o2 0 1k",
    "E2 o3 0 TABLE {v(in)} = (-2,-1) (0,0) (1,.8) (2,1)\nRo3 o3 0 1k",
    "G2 out 0 in 0 TABLE=(-1,-1m,0,0,1,1m)",
    "E3 o4 0 LAPLACE {V(in)} = {1/(1+s*1m)}\nRo4 o4 0 1",
    "B1 o5 0 V=v(in)*k Laplace=s^2/(s/(2*pi*100)+1)**4\nRo5 o5 0 1",
    "B2 out 0 I={1m*tanh(v(out))+1u*v(out)**3}",
    "B3 o6 0 V=ddt(v(in))*1m+sin(2*pi*5*time)+table(v(out),0,0,1,2)\nRo6 o6 0 1",
    "B4 o7 0 V=if(v(in)>.5,limit(v(in),-1,1),uramp(v(in)))+int(v(out))+nint(v(in))\nRo7 o7 0 1",
    "G3 out 0 VALUE={1.2u*(PWR(V(in),1.5)+PWRS(V(in),1.5))/2+(v(in)^2)*1u}",
    "E4 o8 0 VALUE={EXP(1.35*LOG(V(p)/8+V(in)))/4200}\nRo8 o8 0 1",
    "B5 o9 0 V=i(D1)*1k+i(Q1.c)+Ic(Q1)\nRo9 o9 0 1",
    "R10 out 0 R={1k/(.01+abs(v(in)))}",
    "R11 out x1 0\nR12 x1 0 -3k",
    "R13 out 0 100k tol=5 TC=1m,2u TEMP=40",
    "R14 out 0 RM 2k\n.model RM R(TC1=1m TC2=1u R=2)",
    "R15 out 0 {mc(10k,.05)*gauss(.01)+flat(.1)+agauss(1k,10,3)}",
    "R16 out 0 q",
    "R17 out spare 1M",
    "C10 out 0 Q={1n*x*(1+x)} ic=2",
    "C11 out 0 1u Rser=2 Lser=1n Rpar=1meg Cpar=1p IC=1 m=2",
    "C12 out 0 C={1n*(1+v(out)**2)}",
    "C13 out 0 {q*0}",
    "L10 out t 500m Rser=30\nRt t 0 1k",
    "L11 out t2 Flux={1m*tanh(x)}\nRt2 t2 0 1k",
    "L12 in t3 4\nL13 t4 0 1\nK1 L12 L13 1\nRt3 t3 0 1\nRt4 t4 0 1k",
    "L14 in t5 4\nL15 t6 0 1\nL16 t7 0 1\nK2 L14 L15 L16 .9\nRt5 t5 0 1\nRt6 t6 t7 1k",
    "X1 in out pot value=100k ratio=.3 VCT=2\n.subckt pot 1 2\n"
    "R1 1 2 {value*(1-ratio)+1m}\n.param value=1k\n.param ratio=1\n.ends",
    "X2 in out 0 div\n.subckt div a b gnd PARAMS: r={q}\n"
    "R1 a b {r}\nR2 b gnd {2*r}\nD1 b gnd DX\n.model DX D(IS=1n)\n.ends div",
    "X3 o10 out\n+ amp PARAMS: gain=3\n"
    ".subckt amp o i OPTIONAL: g=0 PARAMS: gain=10\nE1 o g i g {gain}\nR1 o g 1k\n.ends",
    "X4 in out p n o11 TL072\nR20 o11 0 1k",
    "X5 0 in p n o12 level.2 Avol=1Meg GBW=10Meg Slew=10Meg\nR21 o12 0 1k\n.lib UniversalOpamps2.sub",
    ".ic v(out)=1 v(in,n)=2\n.nodeset v(p)=9\n.tran 1m 1 uic",
    ".temp 50\n.options tnom=20 reltol=1e-4",
    ".step param q list 1k 2k\n.step oct k .1 1 5\n.meas tran x max v(out)\n.backanno",
    ".if (k>0)\nR30 out 0 1k\n.elseif (k<-1)\nR31 out 0 1k\n.else\nR32 out 0 2k\n.endif",
    ".func f(a,b) {a*b+q}\n.function g(x) {f(x,x)^2}\nR33 out 0 {abs(f(1,2))+g(3)}",
    ".param a=1 b={a*2} c='b+1'\n.param a=3\n.param r=table(k,0,1,.25,.4,.5,.2,1,0)\nR34 out 0 {1k*(r+c)}",
    "V5 s1 0 SIN(0 1 1k) Rser=10\nR35 s1 out 10k",
    "V6 s2 0 PULSE(0 5 0 1u 1u 1m 2m)\nR36 s2 out 10k",
    "I1 out 0 PWL(0 0 1m 1m 2m 0)",
    "V7 s3 0 wavefile=guitar.wav chan=0\nR37 s3 out 10k",
    "V8 s4 0 DC=1 AC=1 90\nR38 s4 out 10k",
    ".lib C:\\users\\me\\LTspice\\lib\\cmp\\standard.dio\nD10 out 0 1N4148",
    "R39 net-(C1-Pad1) out 1k\nR40 net-(C1-Pad1) 0 1k\n.title KiCad schematic\n.probe alli\n.global /x",
    ".control\nrun\nplot v(out)\n.endc\n* with the powers of ngspice",
    "C§1 out 0 4µ7\nR41 out 0 4k7 ; comment\nR42 out 0 1k // other\n* C:\\x\\y.asc",
    "Q4 out in e2 Q2N2222 area=2\nRe2 e2 0 1k $ comment\n.lib nom.lib",
    "O1 out 0 in 0 LTRA\n.model LTRA LTRA(len=1)",
    "T1 in 0 out 0 Z0=50 TD=1n",
    "U1 out 0 1k 1n URC",
    "\x1a",
)  # fmt: skip
_WORDS = (
    "R= C= Q= L= V= I= IC= M= m=0 TEMP= TC1= tol= Rser= POLY(2) POLY(0) POLY(99) TABLE LAPLACE VALUE= {s} time ddt(",
    "params: PARAMS: OPTIONAL: TEXT: AKO: AKO:DA on off area= {v(in)} v(in) i(D1) Ic(Q1) {k} {q} {1/0} {time} {ddt(1)}",
    "table( if( limit( mc( ^ ** & ~ ? : 4k7 1M 1F 1meg 1e-30 1e30 nan -1 0 -0 .5 wavefile= SIN( PULSE( PWL( SW( D(",
    "NMOS( VDMOS( NPN( NJF( potentiometer( .subckt .ends .model .param .if .endif .ic .step .temp .lib .include .func",
    "+ * ; $ // \\ ' \" { } ( ) , = § µ \x1a \ufeff gnd 0 in out p",
)
WORDS = " ".join(_WORDS).split(" ")


def netlist_of_forms(random: Random, others: Sequence[str] = ()) -> str:
    """Some of the forms in one netlist after some accidents; at times a schematic, or one of the others, so treated."""
    kind = random.random()
    if kind < 0.05:
        lines = DIVIDER.splitlines()
    elif kind < 0.3 and others:
        lines = random.choice(others).splitlines()
    else:
        lines = [*HEAD.splitlines(), *"\n".join(random.sample(FORMS, random.randint(1, 6))).splitlines()]
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 5))):
        lines = accident(random, lines, random.choice(FORMS).splitlines(), WORDS)
    return "\n".join(lines) + "\n"
